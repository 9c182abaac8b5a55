"""POST /collect: a storefront's events, checked, into Kafka. docs/storefront.md is its page for developers.

202 is said once the broker has acknowledged every event of the post. What is refused is refused whole.
No answer quotes what was posted, but for the ids that were taken.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from math import ceil
from typing import Any, Final

import msgspec
from aiohttp import web

from agents.collector import validation
from agents.collector.access import Collecting, address, believed, cors
from agents.collector.metrics import Collected
from agents.collector.producer import Carrier, NotTaken
from agents.collector.rate_limit import Buckets
from agents.collector.validation import Faulty, Taken
from agents.config.app_key import SETTINGS
from agents.runtime.metrics_page import tell

TYPES: Final = frozenset({"application/json", "text/plain", "application/octet-stream"})
"""text/plain is what a page may send to another origin as it closes, without asking first."""

SLOWEST_S: Final = 10.0
"""For the body of a post to come."""

AGAIN_S: Final = 2
"""Retry-After while Kafka takes nothing."""


class Refused(Exception):
    """An answer other than 202, and the headers it needs."""

    def __init__(self, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.answer = answer
        self.headers = headers or {}


class Collector:
    def __init__(self, collecting: Collecting, carrier: Carrier, collected: Collected) -> None:
        self._collecting = collecting
        self._carrier = carrier
        self._collected = collected
        self._addresses = Buckets(collecting.per_address)
        self._visitors = Buckets(collecting.per_visitor)

    async def ask(self, request: web.Request) -> web.Response:
        """The preflight of a browser: may a page of this origin post here?"""
        allowed = cors(request, self._collecting.origins)
        if allowed is None:
            return _answer(403, {"fault": "the origin is not allowed"}, {})
        return web.Response(status=204, headers=allowed)

    async def post(self, request: web.Request) -> web.Response:
        allowed = cors(request, self._collecting.origins)
        try:
            if allowed is None:
                raise Refused(403, {"fault": "the origin is not allowed"})
            taken = await self._take(request)
        except Refused as refused:
            self._collected.refused(refused.status)
            return _answer(refused.status, refused.answer, {**(allowed or {}), **refused.headers})
        self._collected.taken(len(taken))
        return _answer(202, {"ids": [event.id for event in taken]}, allowed or {})

    async def _take(self, request: web.Request) -> list[Taken]:
        """Raises Refused."""
        name = address(request, self._collecting.proxies)
        self._admit(self._addresses, {name: 1})
        body = await _body(request)
        try:
            events = validation.take(body)
        except Faulty as faulty:
            self._collected.faulty(faulty.faults)
            raise Refused(400, {"faults": faulty.faults}) from None
        if not believed(request, self._collecting.key) and (faults := validation.unsure(events)):
            self._collected.faulty(faults)
            raise Refused(403, {"faults": faults})
        visitors = Counter(event.visitor for event in events)
        self._admit(self._visitors, visitors)
        self._addresses.charge(name, len(events) - 1)
        try:
            with self._collected.carrying():
                await self._carrier.carry(events)
        except NotTaken:
            self._addresses.charge(name, -len(events))
            for visitor, count in visitors.items():
                self._visitors.charge(visitor, -count)
            again = {"Retry-After": str(AGAIN_S)}
            raise Refused(503, {"fault": "Kafka does not take it now"}, again) from None
        return events

    def _admit(self, buckets: Buckets, costs: Mapping[str, int]) -> None:
        """Takes the tokens of all, or of none. Raises Refused."""
        wait = max(buckets.wait(name) for name in costs)
        if wait:
            again = {"Retry-After": str(ceil(wait))}
            raise Refused(429, {"fault": "too many events"}, again)
        for name, cost in costs.items():
            buckets.charge(name, cost)


async def _body(request: web.Request) -> bytes:
    """Raises Refused."""
    if request.content_type not in TYPES:
        raise Refused(415, {"fault": "application/json or text/plain is meant"})
    if "Content-Encoding" in request.headers:
        raise Refused(415, {"fault": "the body is to come as it is, not packed"})
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > validation.LARGEST:
                    raise Refused(413, {"fault": f"up to {validation.LARGEST} bytes are taken"})
    except TimeoutError:
        raise Refused(408, {"fault": "the body did not come"}) from None
    return bytes(body)


def _answer(status: int, answer: Any, headers: Mapping[str, str]) -> web.Response:
    response = web.Response(
        status=status,
        body=msgspec.json.encode(answer),
        content_type="application/json",
        headers={**headers, "Cache-Control": "no-store"},
    )
    if status in {408, 413, 415}:
        response.force_close()  # the rest of the body is not read
    return response


def add_routes(app: web.Application) -> Callable[[], Coroutine[Any, Any, None]]:
    """/collect and /metrics. What it returns is to run for as long as they answer. Raises SettingsError."""
    carrier = Carrier(app[SETTINGS])
    collected = Collected()
    collector = Collector(Collecting.read(), carrier, collected)
    app.router.add_post("/collect", collector.post)
    app.router.add_options("/collect", collector.ask)
    tell(app, collected.text)
    return carrier.run
