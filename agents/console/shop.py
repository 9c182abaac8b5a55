"""The demo shop: a storefront's page, and its exit offers as server-sent events.

A page gets the offers of its own visitor only, and only the fields that it shows. Only the browser that made a
visitor's id knows it, so no one else can request its offers.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from agents.console import sse
from agents.console.app_keys import HUB
from agents.console.hub import Kind, LiveEvent, Subscription

PAGE: Final = Path(__file__).parent / "static" / "shop" / "index.html"
LONGEST: Final = 128
"""Characters of the longest visitor id."""

KINDS: Final = frozenset[Kind]({"trigger", "cancel"})

routes = web.RouteTableDef()


def add_routes(app: web.Application) -> None:
    app.add_routes(routes)


@routes.get("/shop")
async def redirect(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/shop/")


@routes.get("/shop/offers")
async def offers(request: web.Request) -> web.StreamResponse:
    """A stream of `trigger` (show this offer) and `cancel` (remove it), for `?visitor=`."""
    visitor = request.query.get("visitor", "")
    if not 0 < len(visitor) <= LONGEST:
        raise web.HTTPBadRequest(text=f"visitor: expected an id of 1 to {LONGEST} characters\n")
    hub = request.app[HUB]
    subscription = hub.subscribe(kinds=KINDS, after=sse.last_event_id(request))
    return await sse.stream(request, hub, Offers(subscription, visitor))


@routes.get("/shop/{place:.*}")
async def page(request: web.Request) -> web.StreamResponse:
    """The same page for every path of the shop. Its script reads the path."""
    return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


class Offers:
    """A subscription to a visitor's valid exit triggers and their cancels."""

    def __init__(self, subscription: Subscription, visitor: str) -> None:
        self._subscription = subscription
        self._visitor = visitor
        self._open: set[str] = set()
        self.missed = 0

    async def __aenter__(self) -> Self:
        await self._subscription.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._subscription.__aexit__(kind, fault, at)

    async def next(self, seconds: float | None = None) -> list[LiveEvent]:
        found = await self._subscription.next(seconds)
        now = time.time() * 1000
        return [offered for each in found if (offered := self._offer(each, now))]

    def _offer(self, event: LiveEvent, now: float) -> LiveEvent | None:
        """The event with the fields that the page shows, None if it is not for this visitor. `now`: ms."""
        data, id = event.data, event.data["trigger_id"]
        if event.kind == "cancel":
            if id not in self._open:
                return None
            self._open.discard(id)
            fields: tuple[str, ...] = ("trigger_id", "reason")
        else:
            is_for_visitor = data["visitor"] == self._visitor and "onsite" in data["channels"]
            if not is_for_visitor or data["valid_until"] <= now:
                return None
            self._open.add(id)
            fields = ("trigger_id", "recipe", "offer", "arm", "value", "valid_until")
        offered: dict[str, Any] = {name: data.get(name) for name in fields}
        return LiveEvent(event.number, event.kind, offered, lambda kind, data: {})
