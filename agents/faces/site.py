"""The collector as a service: the faces, /collect, the probes, and the producer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import HttpVersion11, web

from agents.collector.access import OF_SDKS, Collecting
from agents.collector.handler import Handler, collect_routes
from agents.collector.intake import Intake
from agents.collector.metrics import CollectorMetrics
from agents.collector.producer import EventProducer
from agents.collector.rejects import Rejects
from agents.config.settings import Settings, SettingsError
from agents.connect.contacts import keyed
from agents.connect.sources import Connected, Keyed, read, unkeyed, without_keys
from agents.faces import robots
from agents.faces.paths import GET
from agents.faces.reception import Reception
from agents.faces.request_log import RequestLog
from agents.faces.senders import Senders

LONGEST_LINE: Final = 64 * 1024
"""Bytes of a request's first line: trackers put whole carts into a URL."""

LONGEST_HEADER: Final = 32 * 1024
"""Bytes of a header: a page on the shop's own domain sends its cookies."""

GOODBYE_S: Final = 6.0
"""Seconds for posts under way at a shutdown. Longer than the broker may take to acknowledge."""


class Site(NamedTuple):
    """The collector's handler, and what it works with. `work`: tasks that must run while it serves."""

    answer: Handler
    work: tuple[Callable[[], Awaitable[None]], ...]
    intake: Intake
    collected: CollectorMetrics
    requests: RequestLog

    def unready(self) -> list[str]:
        """Why the service cannot accept events; empty if it can."""
        return _unready(self.intake)


def connected(settings: Settings) -> tuple[Connected, ...]:
    """The sources of TRIGGERS_SOURCES. Raises SettingsError, SourcesError, OSError."""
    if settings.sources is None:
        return ()
    pepper = settings.pepper
    keys: Keyed = without_keys if pepper is None else (lambda region: keyed(pepper, region))
    sources = read(settings.sources, keys)
    if pepper is None and (names := unkeyed(sources)):
        raise SettingsError(
            f"TRIGGERS_IDENTITY_PEPPER is not set: addresses of {', '.join(names)} need it"
        )
    return sources


def make_site(settings: Settings, sources: tuple[Connected, ...]) -> Site:
    """Builds the service for these sources. Raises SettingsError."""
    robots.is_robot("")  # reads the list now, not while the first post waits
    collected = CollectorMetrics(each.source.name for each in sources)
    carrier, rejects = EventProducer(settings), Rejects(settings, collected)
    intake = Intake(Collecting.read(rates=OF_SDKS), carrier, rejects, collected)
    requests = RequestLog(each.source.name for each in sources)
    reception = Reception(intake, Senders(sources), requests)
    ready = _ready(intake)
    routes = {
        **collect_routes(intake, settings),
        **{(method, "/live"): _live for method in GET},
        **{(method, "/ready"): ready for method in GET},
    }
    answer = _routed(routes, reception.answer)
    return Site(answer, (carrier.run, rejects.run), intake, collected, requests)


def _routed(routes: Mapping[tuple[str, str], Handler], faces: Handler) -> Handler:
    """The handler of all requests: a look into a table. aiohttp's router takes a twentieth of a post."""

    def answer(request: web.BaseRequest) -> Coroutine[Any, Any, web.StreamResponse]:
        found = routes.get((request.method, request.path), faces)
        if "Expect" in request.headers or not request.path.startswith("/"):
            return _checked(request, found)
        return found(request)

    return answer


async def _checked(request: web.BaseRequest, found: Handler) -> web.StreamResponse:
    """Answers a request that names no path, or waits for leave to send its body. Raises aiohttp's HTTPException."""
    if not request.path.startswith("/"):
        raise web.HTTPNotFound
    expected = request.headers["Expect"]
    if request.version == HttpVersion11:
        if expected.lower() != "100-continue":
            raise web.HTTPExpectationFailed(text=f"Unknown Expect: {expected}")
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
    return await found(request)


@asynccontextmanager
async def serving(
    site: Site, host: str, port: int, *, shared: bool = False
) -> AsyncIterator[tuple[int, asyncio.Future[None]]]:
    """Serves the site. Yields (the port, a future that fails when work of the site fails). Raises OSError.

    `shared`: other processes answer at the same port. A post continues when its client disconnects.
    """
    server = web.Server(
        site.answer,
        access_log=None,
        handler_cancellation=False,
        auto_decompress=False,  # signatures are over the bytes as they came
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_HEADER,
    )
    runner = web.ServerRunner(server, shutdown_timeout=GOODBYE_S)
    await runner.setup()
    tasks = [asyncio.ensure_future(each()) for each in site.work]
    failed = asyncio.ensure_future(_first(tasks))
    try:
        await web.TCPSite(runner, host, port, reuse_port=shared, backlog=1024).start()
        yield runner.addresses[0][1], failed
    finally:
        await runner.cleanup()
        for task in (failed, *tasks):
            task.cancel()
        await asyncio.gather(failed, *tasks, return_exceptions=True)


async def _first(tasks: Sequence[asyncio.Future[None]]) -> None:
    """Waits until one task ends, which must not happen. Raises its error, or RuntimeError."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    raise RuntimeError("a background task of the collector ended")


async def _live(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="ok\n")


def _ready(intake: Intake) -> Handler:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        faults = _unready(intake)
        return web.Response(text="\n".join(faults or ["ok"]) + "\n", status=503 if faults else 200)

    return answer


def _unready(intake: Intake) -> list[str]:
    return [] if intake.ready else ["no broker has been reached, or the topic is missing"]
