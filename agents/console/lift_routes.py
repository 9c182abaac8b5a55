"""The routes for the lift of recipes: figures in sentences, and a page with plots."""

import asyncio
import time
from typing import Any, Final

import msgspec
from aiohttp import web
from aiokafka.errors import KafkaError

from agents.config.app_key import SETTINGS
from agents.config.settings import Settings
from agents.console.recipes_routes import FRAME_HEADERS
from agents.console.routes import answer
from agents.kafka.reconnect import connection_loss_as_error
from agents.lift import sentences
from agents.lift.figures import Lift, report
from agents.lift.lift_page import page
from agents.lift.outcome_topic import read
from stream.durations import DAY

DAYS: Final = (7, 30, 90)
FRESH_S: Final = 60.0
"""Seconds for which one reading of the topic is cached. Longer: an ended watch shows later."""

TIMEOUT_S: Final = 60.0

routes = web.RouteTableDef()


class LiftReader:
    """Computes the lift of recipes over the last days: in a thread, one reading of the topic at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._cached: dict[int, tuple[float, Lift]] = {}

    async def lift(self, days: int) -> Lift:
        """The figures of the last days. Raises aiokafka's KafkaError, OSError, msgspec.MsgspecError."""
        async with self._lock:
            made_at, figures = self._cached.get(days, (0.0, None))
            if figures is None or time.monotonic() - made_at > FRESH_S:
                figures = await asyncio.to_thread(self._read, days)
                self._cached[days] = time.monotonic(), figures
            return figures

    def _read(self, days: int) -> Lift:
        since = time.time_ns() // 1_000_000 - days * DAY
        with connection_loss_as_error():
            outcomes = asyncio.run(asyncio.wait_for(read(self._settings, since, None), TIMEOUT_S))
        return report(outcomes, since, None)


LIFT: Final = web.AppKey("lift", LiftReader)


def add_routes(app: web.Application) -> None:
    app[LIFT] = LiftReader(app[SETTINGS])
    app.add_routes(routes)


async def _lift(request: web.Request) -> Lift | web.Response:
    """The figures, or a response with the fault."""
    days = request.query.get("days", "30")
    if days not in map(str, DAYS):
        return answer({"fault": f"days: expected one of {', '.join(map(str, DAYS))}"}, 400)
    try:
        return await request.app[LIFT].lift(int(days))
    except (KafkaError, OSError, TimeoutError) as error:
        return answer({"fault": f"No broker answers ({type(error).__name__})."}, 503)
    except msgspec.MsgspecError as error:
        return answer({"fault": f"The outcomes cannot be read: {error}."}, 500)


@routes.get("/api/lift")
async def lift(request: web.Request) -> web.Response:
    """The sentences about each recipe, version and arm, over the last `?days=`."""
    figures = await _lift(request)
    if isinstance(figures, web.Response):
        return figures
    rows: list[dict[str, Any]] = [
        {"name": sentences.name(arm), "enough": arm.enough, "said": sentences.sentences(arm)}
        for arm in figures.recipes
    ]
    return answer({"since": figures.since, "recipes": rows, "limits": figures.limits})


@routes.get("/api/lift/page")
async def lift_page(request: web.Request) -> web.Response:
    figures = await _lift(request)
    if isinstance(figures, web.Response):
        return figures
    return web.Response(text=page(figures), content_type="text/html", headers=FRAME_HEADERS)
