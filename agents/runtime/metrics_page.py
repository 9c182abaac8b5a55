"""/metrics of the console: what each of its parts tells, one after the other."""

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


def own_texts(app: web.Application) -> list[bytes]:
    """What each part tells now."""
    return [text() for text in app[TEXTS]] if TEXTS in app else []


async def _metrics(request: web.Request) -> web.Response:
    body = b"".join(own_texts(request.app))
    return web.Response(body=body, headers={"Content-Type": EXPOSITION})
