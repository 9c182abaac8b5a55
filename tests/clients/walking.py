"""A published client sends one shop story to the collector; the events in Kafka are compared.

The collector is real, with a real broker, in this process; its requests and answers are recorded.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientSession, web

import schemas
from agents.collector.handler import Handler
from agents.config.settings import Settings
from agents.connect.sources import Connected
from agents.faces.site import make_site, serving
from tests.integration.collecting import kept
from tests.integration.facing import Facing, connected

WAIT_S = 180.0
NOTHING: Mapping[str, str] = {}

SOURCES = (
    connected("web", "segment", keys=["wk"]),
    connected("backend", "segment", secrets=["sk"], trust="server"),
    connected("hog", "posthog", keys=["phc_web"], secrets=["phc_server"], trust="server"),
    connected("site", "matomo", keys=["1"], currency="EUR"),
    connected("tags", "ga4", keys=["G-WEB"], secrets=["mp-secret"], trust="server"),
    connected("snow", "snowplow", keys=["shop"]),
    connected("snow-server", "snowplow", keys=["shop-server"], trust="server"),
    connected("bus", "cloudevents", secrets=["bus-secret"], trust="server"),
    connected("magento", "adobe-commerce", secrets=["ad_hush"], trust="server"),
    connected("px", "shopify-pixel", keys=["r4nd0m-word"]),
)


class Heard(NamedTuple):
    """A request, and the status of its answer."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int


@dataclass
class Walk:
    """The collector's requests from a client, the client's output, and the client's events in Kafka."""

    heard: list[Heard] = field(default_factory=list)
    output: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> list[str]:
        """Each event in brief form, in partition order."""
        return [brief(event) for event in self.events]

    def copies(self) -> int:
        """The largest number of copies of one event in Kafka."""
        return max(Counter(event["id"] for event in self.events).values())


Answering = Callable[[web.BaseRequest, web.StreamResponse], web.StreamResponse]


def honest(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    return response


def accepted(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    """Answers 202 in place of every success: right for a queue, wrong here."""
    if response.status == 200 and request.method == "POST":
        response.set_status(202)
    return response


class Broken:
    """Accepts the first `posts`, but answers them with this error status."""

    def __init__(self, posts: int, status: int = 503) -> None:
        self._left, self._status = posts, status

    def __call__(
        self, request: web.BaseRequest, response: web.StreamResponse
    ) -> web.StreamResponse:
        if request.method == "POST" and self._left:
            self._left -= 1
            return web.Response(status=self._status, headers=response.headers)
        return response


def walked(
    settings: Settings,
    walk: Callable[[str], Awaitable[str]],
    answering: Answering = honest,
    sources: Sequence[Connected] = SOURCES,
    found: Walk | None = None,
) -> Walk:
    """Runs `walk` with the collector's address; it returns once its client has sent everything.

    `found`: the result to fill, for a walk that reads it meanwhile.
    """
    found = found or Walk()

    async def run() -> None:
        site = make_site(settings, tuple(sources))
        site = site._replace(answer=_written_down(found, answering, site.answer))
        async with serving(site, "127.0.0.1", 0) as (port, _):
            url = f"http://127.0.0.1:{port}"
            await _until_ready(url)
            found.heard.clear()
            async with asyncio.timeout(WAIT_S):
                found.output = await walk(url)

    asyncio.run(run())
    found.events = [json.loads(record.value) for record in kept(settings) if record.value]
    for event in found.events:
        assert schemas.fault(event) is None
    return found


def _written_down(found: Walk, answering: Answering, handler: Handler) -> Handler:
    async def write(request: web.BaseRequest) -> web.StreamResponse:
        response = answering(request, await handler(request))
        headers = {name.lower(): value for name, value in request.headers.items()}
        found.heard.append(
            Heard(request.method, request.path, request.query_string, headers, response.status)
        )
        return response

    return write


async def _until_ready(url: str) -> None:
    async with ClientSession() as session:
        await Facing(session, url).until_ready()


def repeated(settings: Settings) -> bool:
    """Whether an event is in Kafka twice."""
    ids = Counter(json.loads(record.value)["id"] for record in kept(settings) if record.value)
    return max(ids.values(), default=0) > 1


def command(
    *words: str | Path,
    enough: Callable[[], bool] | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] = NOTHING,
) -> Callable[[str], Awaitable[str]]:
    """A walk that runs a program; the word `URL` is replaced by the collector's address.

    `enough`: the program is ended once this holds. Without it, it must end by itself, with 0.
    """

    async def walk(url: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(url if word == "URL" else str(word) for word in words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **environ},
        )
        said = asyncio.ensure_future(process.communicate())
        try:
            while enough and not said.done() and not await asyncio.to_thread(enough):
                await asyncio.wait([said], timeout=0.3)
            if enough is None:
                await asyncio.shield(said)
        finally:
            if process.returncode is None:
                process.kill()
        output = (await said)[0].decode()
        assert enough or process.returncode == 0, output
        return output

    return walk


def brief(event: dict[str, Any]) -> str:
    """`type who: facts`. A client-generated id becomes V; keys become their names."""
    facts = " ".join(_facts(event))
    customer = event.get("customer")
    keys = "+".join(sorted(event.get("keys", {})))
    who = "/".join(part for part in (_visitor(event), customer, keys) if part)
    return f"{event['type']} {who}" + (f": {facts}" if facts else "")


def _visitor(event: dict[str, Any]) -> str:
    name = event.get("visitor")
    return "" if name is None else name if len(name) < 4 else "V"


def _facts(event: dict[str, Any]) -> list[str]:
    facts: list[str] = []
    if "page" in event:
        facts += [event["page"].get("kind", ""), event["page"].get("path", "")]
    for name in ("product", "item"):
        if name in event:
            facts += [_line(event[name])]
    if "cart" in event:
        lines = ", ".join(_line(line) for line in event["cart"]["items"])
        facts += [str(event["cart"].get("id", "")), f"[{lines}]"]
    if "order" in event:
        order = event["order"]
        facts += [str(order.get(name, "")) for name in ("id", "value", "currency")]
        bought = ", ".join(_line(line) for line in order.get("items", ()))
        facts += [f"[{bought}]"] if bought else []
    facts += [str(event[name]) for name in ("category", "query", "stage") if name in event]
    facts += event.get("contacts") or []
    return [fact for fact in facts if fact]


def _line(item: dict[str, Any]) -> str:
    name = item.get("product_id") or item.get("id")
    pieces = f"×{item['quantity']}" if "quantity" in item else ""
    price = f"@{item['price']}" if "price" in item else ""
    return f"{name}{pieces}{price}{item.get('currency', '')}"
