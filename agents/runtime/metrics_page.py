"""/metrics of the console: the metrics of its parts, one after the other."""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST as EXPOSITION

TEXTS: Final = web.AppKey("texts", list[Callable[[], bytes]])


def tell(app: web.Application, text: Callable[[], bytes]) -> None:
    """Adds a part, in the exposition format; no two may name the same metric."""
    if TEXTS not in app:
        app[TEXTS] = []
        app.router.add_get("/metrics", _metrics)
    app[TEXTS].append(text)


async def _metrics(request: web.Request) -> web.Response:
    body = b"".join(text() for text in request.app[TEXTS])
    return web.Response(body=body, headers={"Content-Type": EXPOSITION})
