"""/metrics of the console: the metrics of all its parts."""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST as EXPOSITION

TEXTS: Final = web.AppKey("texts", list[Callable[[], bytes]])


def tell(app: web.Application, text: Callable[[], bytes]) -> None:
    """Adds the metrics of a part, in the exposition format. No two parts may name the same metric."""
    if TEXTS not in app:
        app[TEXTS] = []
        app.router.add_get("/metrics", _metrics)
    app[TEXTS].append(text)


def own_texts(app: web.Application) -> list[bytes]:
    """The metrics of each part now."""
    return [text() for text in app[TEXTS]] if TEXTS in app else []


async def _metrics(request: web.Request) -> web.Response:
    body = b"".join(own_texts(request.app))
    return web.Response(body=body, headers={"Content-Type": EXPOSITION})
