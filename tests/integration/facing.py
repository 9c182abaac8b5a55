"""A collector of connected shops with a real broker, and raw requests to it."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout
from yarl import URL

from agents.config.settings import Settings
from agents.connect.signatures import SIGNED
from agents.connect.sources import Connected
from agents.faces.site import make_site, serving
from stream.connect import registry
from stream.connect.source import Source
from tests.contract.test_connect import EXAMPLES, carried, key_of, read, written


class Heard(NamedTuple):
    status: int
    body: bytes
    headers: Any


class Facing:
    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Heard:
        """Sends a request. The path and its query are sent unchanged."""
        url = URL(self.url + path, encoded=True)
        given = {"Content-Type": "", **(headers or {})}
        async with self.session.request(
            method, url, data=body or None, headers=given, skip_auto_headers=("Content-Type",)
        ) as answer:
            return Heard(answer.status, await answer.read(), answer.headers)

    async def taken(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Heard:
        """Sends a request, and repeats it while Kafka does not accept records, as SDKs do."""
        async with asyncio.timeout(90):
            while (heard := await self.send(method, path, body, headers)).status == 503:
                await asyncio.sleep(0.2)
        return heard

    async def until_ready(self) -> None:
        async with asyncio.timeout(120):
            while (await self.send("GET", "/ready")).status != 200:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def facing(settings: Settings, sources: Sequence[Connected]) -> AsyncIterator[Facing]:
    site = make_site(settings, tuple(sources))
    timeout = ClientTimeout(total=60)
    async with (
        serving(site, "127.0.0.1", 0) as (port, _),
        ClientSession(timeout=timeout) as session,
    ):
        found = Facing(session, f"http://127.0.0.1:{port}")
        await found.until_ready()
        yield found


def faced(
    settings: Settings,
    sources: Sequence[Connected],
    test: Callable[[Facing], Awaitable[None]],
) -> None:
    async def run() -> None:
        async with facing(settings, sources) as site:
            await test(site)

    asyncio.run(run())


def connected(
    name: str,
    kind: str,
    keys: Iterable[str] = (),
    secrets: Iterable[str] = (),
    **options: Any,
) -> Connected:
    source = Source(name=name, kind=kind, key_of=key_of, **options)
    return Connected(source, tuple(keys), tuple(secrets))


class Example(NamedTuple):
    """A stored request, and the source to which it is sent."""

    file: Path
    source: Connected
    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    events: list[dict[str, Any]]


def stored(kind: str) -> list[Example]:
    """The examples of a kind that are requests. Each set of settings is a source of its own."""
    files = [file for file in EXAMPLES if file.parent.name == kind]
    found = [(file, read(file)) for file in files]
    sources: dict[str, Connected] = {}
    made = []
    for file, example in found:
        if "request" not in example:
            continue
        options = dict(example.get("source", {}))
        if "url_parameters" in options:
            options["url_parameters"] = frozenset(options["url_parameters"])
        name = f"{kind}-{len(sources)}"
        fresh = connected(name, kind, secrets=[f"secret-of-{name}"], **options)
        source = sources.setdefault(json.dumps(example.get("source", {}), sort_keys=True), fresh)
        made.append(_example(file, kind, example, source))
    return made


def _example(file: Path, kind: str, options: dict[str, Any], source: Connected) -> Example:
    request = options["request"]
    body, secret = written(request["body"]) if "body" in request else b"", source.secrets[0]
    headers = dict(request.get("headers", {}))
    if kind in SIGNED:
        headers[SIGNED[kind].header] = sign(secret, body)
    path = request["path"]
    if path.startswith("/connect/") or path == "/":
        path = ""
    query = f"?{urlencode(request['query'])}" if request.get("query") else ""
    where = f"/connect/{kind}/{source.source.name if kind in SIGNED else secret}{path}{query}"
    given, now = carried(options), options["now"]
    events = registry.translate(kind, given, source.source, now).events
    return Example(file, source, request.get("method", "POST"), where, body, headers, events)


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def timeless(event: dict[str, Any]) -> str:
    """The event without its time, which depends on when it was sent."""
    return json.dumps({k: v for k, v in event.items() if k != "client_time"}, sort_keys=True)
