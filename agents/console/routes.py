"""The routes of the console: the page, its figures, live events, lookups, rejected records."""

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from aiokafka.errors import KafkaError

from agents.config.app_key import SETTINGS
from agents.console import sse
from agents.console.app_keys import HUB
from agents.console.lookup import Lookup, Unanswered
from agents.console.overview import CONTRACT, RANGES, Overview
from agents.console.rejected_payload import payload
from agents.console.topic_reader import TopicReader
from agents.console.wording import why
from agents.explain.addressed import hint
from agents.kafka.reconnect import connection_loss_as_error

STATIC: Final = Path(__file__).parent / "static"
TIMEOUT_S: Final = 10.0
LONGEST: Final = 200
"""Characters of the longest id that can be looked up."""

READER: Final = web.AppKey("feed", TopicReader)
OVERVIEW: Final = web.AppKey("overview", Overview)
LOOKUP: Final = web.AppKey("answers", Lookup)

routes = web.RouteTableDef()


def add_routes(app: web.Application) -> None:
    app.add_routes(routes)
    app.router.add_static("/static", STATIC)


def answer(found: Any, status: int = 200) -> web.Response:
    """A response with `found` as JSON, never cached."""
    return web.Response(
        body=msgspec.json.encode(found),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@routes.get("/")
async def page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@routes.get("/asyncapi")
async def contract(request: web.Request) -> web.StreamResponse:
    if not CONTRACT.exists():
        raise web.HTTPNotFound(text="This page is not generated yet: run make generate.\n")
    return web.FileResponse(CONTRACT, headers={"Cache-Control": "no-cache"})


@routes.get("/live")
async def live(request: web.Request) -> web.Response:
    """Always 200 while the process serves: a restart would not bring Kafka or Redis back."""
    return web.Response(text="live\n")


@routes.get("/api/overview")
async def overview(request: web.Request) -> web.Response:
    over = request.query.get("over", RANGES[0])
    if over not in RANGES:
        return answer({"fault": f"over: expected one of {', '.join(RANGES)}"}, 400)
    return answer(await request.app[OVERVIEW].figures(over))


@routes.get("/api/stream")
async def stream(request: web.Request) -> web.StreamResponse:
    hub = request.app[HUB]
    return await sse.stream(request, hub, hub.subscribe(after=sse.last_event_id(request)))


@routes.get("/api/ask")
async def look_up(request: web.Request) -> web.Response:
    """The lookup of a person or a trigger id, `?id=`."""
    id = request.query.get("id", "").strip()
    if not 0 < len(id) <= LONGEST:
        return answer({"fault": f"id: expected 1 to {LONGEST} characters"}, 400)
    try:
        found = await request.app[LOOKUP].answer(id)
    except Unanswered as error:
        return answer({"fault": str(error)}, 503)
    if found is None:
        lacks = hint(id, request.app[SETTINGS].pepper)
        return answer({"fault": f"Nothing is known of “{id}”{lacks}."}, 404)
    return answer(found)


@routes.get("/api/rejected")
async def rejected(request: web.Request) -> web.Response:
    """The last rejected records, newest first, without their bytes."""
    found = reversed(request.app[READER].rejects)
    return answer([{**each, "why": why(each["reason"])} for each in found])


@routes.get(r"/api/rejected/{partition:\d{1,9}}/{offset:\d{1,18}}")
async def rejected_bytes(request: web.Request) -> web.Response:
    partition_and_offset = int(request.match_info["partition"]), int(request.match_info["offset"])
    try:
        async with asyncio.timeout(TIMEOUT_S):
            with connection_loss_as_error():
                found = await payload(request.app[SETTINGS], *partition_and_offset)
    except (KafkaError, OSError, TimeoutError):
        return answer({"fault": "No broker answers."}, 503)
    if found is None:
        return answer({"fault": "The record is no longer in Kafka."}, 404)
    return answer(found)
