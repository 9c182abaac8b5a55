"""Sends a subscription as server-sent events, with heartbeats, until the browser disconnects. A browser can resume."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from aiohttp import web

from agents.console.hub import Hub, LiveEvent

HEARTBEAT_S: Final = 10.0
"""Seconds between heartbeats. Longer: proxies close the connection. Shorter: phones wake needlessly."""

RETRY_MS: Final = 1_000

SLOW_S: Final = 20.0
"""Timeout (s) of a write. A browser that reads nothing for this long is disconnected; it reconnects by itself."""

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class LiveEvents(AbstractAsyncContextManager[Any], Protocol):
    """A Subscription, or a filter around one."""

    missed: int

    async def next(self, seconds: float | None = None) -> list[LiveEvent]: ...


async def stream(request: web.Request, hub: Hub, subscription: LiveEvents) -> web.StreamResponse:
    """Sends events until the browser disconnects. `subscription`: from `hub.subscribe(..., after=last_name(request))`."""
    response = web.StreamResponse(headers=HEADERS)
    async with subscription:
        await response.prepare(request)
        try:
            await _write(response, _opening(hub, last_event_id(request)))
            while not hub.closed:
                found = await subscription.next(HEARTBEAT_S)
                await _write(response, _encoded(hub, found, subscription.missed if found else 0))
        except (ConnectionError, TimeoutError):
            if request.transport:
                request.transport.abort()  # the browser has disconnected, or reads nothing
    return response


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(SLOW_S):
        await response.write(data)


def last_event_id(request: web.Request) -> str:
    """The id of the last event that the browser received. Empty on its first connection."""
    return request.headers.get("Last-Event-ID") or request.query.get("after", "")


def _opening(hub: Hub, last: str) -> bytes:
    """The first lines. The event `fresh` makes a browser clear its page, because events may come again."""
    fresh = "" if hub.knows(last) else "event: fresh\ndata: {}\n\n"
    return f"retry: {RETRY_MS}\n{fresh}: open\n\n".encode()


def _encoded(hub: Hub, events: list[LiveEvent], missed: int) -> bytes:
    if not events:
        return b": beat\n\n"
    missed_event = f'event: missed\ndata: {{"count":{missed}}}\n\n' if missed else ""
    return (missed_event + "".join(_event(hub, each) for each in events)).encode()


def _event(hub: Hub, event: LiveEvent) -> str:
    """One event as lines. Its JSON has no line breaks."""
    name = f"id: {hub.name(event)}\n" if event.number else ""
    return f"{name}event: {event.kind}\ndata: {event.text}\n\n"
