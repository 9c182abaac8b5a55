"""The console as an application: its routes, and what runs behind them for as long as it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

from aiohttp import web

from agents.collector import handler
from agents.config.app_key import SETTINGS
from agents.config.settings import Settings
from agents.console import routes, shop
from agents.console.app_keys import HUB, RECIPES
from agents.console.http_security import add_headers, only_loopback
from agents.console.hub import Hub
from agents.console.left_out import PartsLeftOut
from agents.console.lookup import Lookup
from agents.console.overview import Overview
from agents.console.topic_reader import TopicReader
from agents.console.wording import wording
from agents.runtime.metrics_page import tell
from agents.view.metrics import ViewMetrics
from agents.view.reader import ViewReader
from agents.view.redis_client import Link
from agents.view.writer import Writer
from stream.recipes.recipe import Recipes

FAILED: Final = web.AppKey("failed", asyncio.Future[None])
"""Ends with what ended the work behind the page."""


def make_app(settings: Settings, recipes: Recipes, *, loopback: bool = True) -> web.Application:
    """`loopback`: it is bound to this machine, so a question that names another host is refused.

    To be called on the loop that serves it.
    """
    app = web.Application(middlewares=[only_loopback] if loopback else [])
    app.on_response_prepare.append(add_headers)
    app[FAILED] = asyncio.get_running_loop().create_future()
    hub = Hub(wording(recipes))
    reader = TopicReader(settings, recipes, hub)
    link = Link(settings.redis) if settings.redis else None
    writer = Writer(settings, recipes, link) if link else None
    view = ViewReader(link, writer.keys) if link and writer else None
    app[HUB], app[SETTINGS], app[RECIPES], app[routes.READER] = hub, settings, recipes, reader
    left_out = PartsLeftOut(hub)
    app[routes.OVERVIEW] = Overview(settings, recipes, reader, writer, view, left_out)
    app[routes.LOOKUP] = Lookup(settings, recipes, reader, view)
    routes.add_routes(app)
    shop.add_routes(app)
    work: list[Callable[[], Awaitable[None]]] = [reader.tail.run, reader.sample]
    work += handler.add_routes(app, left_out.take)
    if link and writer:
        tell(app, ViewMetrics(link, writer).text)
        work.append(writer.run)

    async def behind(_: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(each()) for each in work]
        for task in tasks:
            task.add_done_callback(partial(_ended, app[FAILED]))
        yield
        app[FAILED].cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if link:
            await link.close()

    async def leave(_: web.Application) -> None:
        hub.close()

    app.cleanup_ctx.append(behind)
    app.on_shutdown.append(leave)
    return app


def _ended(failed: asyncio.Future[None], task: asyncio.Future[None]) -> None:
    """What runs behind the page runs for ever, or the console ends."""
    if not failed.done():
        error = None if task.cancelled() else task.exception()
        failed.set_exception(error or RuntimeError("it ended by itself"))
