"""The console as an aiohttp application: its routes and background tasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from aiohttp import web

from agents.collector import handler
from agents.config.app_key import SETTINGS
from agents.config.settings import Settings
from agents.console import lift_routes, recipes_routes, routes, shop, sources_routes
from agents.console.app_keys import HUB
from agents.console.collectors import Place, Sources
from agents.console.http_security import add_headers, only_loopback
from agents.console.hub import Hub
from agents.console.left_out import PartsLeftOut
from agents.console.lookup import Lookup
from agents.console.overview import Overview
from agents.console.publish_key import PublishKey
from agents.console.recipe_documents import RecipeDocuments
from agents.console.topic_reader import TopicReader
from agents.console.trials import Trials
from agents.console.wording import wording_of
from agents.runtime.metrics_page import own_texts, tell
from agents.view.metrics import ViewMetrics
from agents.view.reader import ViewReader
from agents.view.redis_client import Link
from agents.view.writer import Writer

FAILED: Final = web.AppKey("failed", asyncio.Future[None])
"""A future that ends with the error of a background task."""


class PageSettings(NamedTuple):
    """Settings of the page.

    `publish_key`: allows to publish recipes from the page, None: the page is read-only · `collectors`: host:port
    of their metrics · `operator_key`: collectors require it to show requests.
    """

    publish_key: str | None = None
    collectors: tuple[Place, ...] = ()
    operator_key: str | None = None


def make_app(
    settings: Settings,
    documents: RecipeDocuments,
    page: PageSettings,
    *,
    loopback: bool = True,
) -> web.Application:
    """Makes the application. Call it on the event loop that serves it.

    `loopback`: it listens on this machine only, so requests to another host name are refused.
    """
    app = web.Application(middlewares=[only_loopback] if loopback else [])
    app.on_response_prepare.append(add_headers)
    app[FAILED] = asyncio.get_running_loop().create_future()
    hub = Hub(wording_of(documents.now))
    reader = TopicReader(settings, documents, hub)
    link = Link(settings.redis) if settings.redis else None
    writer = Writer(settings, documents.first, link) if link else None
    view = ViewReader(link, writer.keys) if link and writer else None
    app[HUB], app[SETTINGS], app[routes.READER] = hub, settings, reader
    left_out = PartsLeftOut(hub)
    app[routes.OVERVIEW] = Overview(settings, documents, reader, writer, view, left_out)
    app[routes.LOOKUP] = Lookup(settings, documents, reader, view)
    app[recipes_routes.DOCUMENTS] = documents
    app[recipes_routes.KEY] = PublishKey(page.publish_key)
    app[recipes_routes.TRIALS] = trials = Trials()
    routes.add_routes(app)
    recipes_routes.add_routes(app)
    lift_routes.add_routes(app)
    app[sources_routes.SOURCES] = Sources(
        page.collectors, page.operator_key, lambda: own_texts(app)
    )
    sources_routes.add_routes(app)
    shop.add_routes(app)
    jobs: list[Callable[[], Awaitable[None]]] = [reader.tail.run, reader.sample]
    jobs += handler.add_routes(app, left_out.take)
    if link and writer:
        tell(app, ViewMetrics(link, writer).text)
        jobs.append(writer.run)

    async def background(_: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(each()) for each in jobs]
        for task in tasks:
            task.add_done_callback(partial(_ended, app[FAILED]))
        yield
        app[FAILED].cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await trials.stop()
        if link:
            await link.close()

    async def close_hub(_: web.Application) -> None:
        hub.close()

    app.cleanup_ctx.append(background)
    app.on_shutdown.append(close_hub)
    return app


def _ended(failed: asyncio.Future[None], task: asyncio.Future[None]) -> None:
    """Ends the console when a background task ends. They should run for ever."""
    if not failed.done():
        error = None if task.cancelled() else task.exception()
        failed.set_exception(error or RuntimeError("a background task of the console ended"))
