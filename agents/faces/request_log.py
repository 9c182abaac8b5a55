"""The last requests of each source and what became of them, for whoever connects a shop and looks on.

Bodies are not kept, nor queries, headers and addresses: they name people, and hold keys. It is served beside the metrics, to those who know a key.

| variable | what | default |
|---|---|---|
| TRIGGERS_COLLECT_OPERATOR_KEY | whoever asks a collector for its last requests must know it, 16 characters of ASCII or more (or ..._FILE); the console asks with it | none: nobody may |
"""

import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from hmac import compare_digest
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from msgspec import Struct, field

from agents.collector.tally import tally
from agents.collector.throttled_log import readable
from agents.collector.validation import Judged
from agents.config import shared_key
from stream.connect.translation import LeftOut

SETTING: Final = "TRIGGERS_COLLECT_OPERATOR_KEY"
KEPT: Final = 50
"""Requests of each source."""

TOLD: Final = 10
"""Refused messages, and parts left out, of one request."""

PATH: Final = "/requests"


class RefusedMessage(NamedTuple):
    type: str
    reason: str
    path: str


class Became(Struct):
    """What became of a request: events taken by type, messages refused, and what was left out."""

    events: dict[str, int] = {}
    refused: list[RefusedMessage] = []
    left_out: list[LeftOut] = []
    robot: bool = False

    def judged(self, found: Judged, left_out: Sequence[LeftOut]) -> None:
        self.events = tally(each.type for each in found.taken)
        self.refused = [RefusedMessage(*each[1:]) for each in found.refused[:TOLD]]
        self.left_out = [each._replace(name=readable(each.name)) for each in left_out[:TOLD]]


class LoggedRequest(Struct):
    """`at`: ms of this machine's clock · `size`: bytes of the body as it came · `path`: without the query."""

    at: int
    source: str
    method: str
    path: str
    status: int
    size: int
    became: Became = field(default_factory=Became)


class RequestLog:
    """In memory: the newest requests of each source that the sources file names, and of nobody's."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._kept = {name: deque[LoggedRequest](maxlen=KEPT) for name in (*sources, "-")}

    def note(self, request: web.Request, source: str, status: int, became: Became) -> None:
        path, size = request.path[:200], request.content_length or 0
        at = time.time_ns() // 1_000_000
        entry = LoggedRequest(at, source, request.method, path, status, size, became)
        self._kept[source].append(entry)

    def newest(self, source: str | None = None) -> list[LoggedRequest]:
        """Of one source, or of all; the newest first."""
        wanted = self._kept.values() if source is None else [self._kept.get(source, ())]
        return sorted((each for kept in wanted for each in kept), key=lambda each: -each.at)


def operator_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """None: nobody may ask. Raises SettingsError."""
    return shared_key.read(SETTING, environ)


def serving(log: RequestLog, key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """?source=: with `Authorization: Bearer KEY` the last requests, as JSON."""
    expected = f"Bearer {key}".encode()

    async def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not compare_digest(given, expected):
            return web.Response(status=401, text="expected the operator's key\n")
        body = msgspec.json.encode(log.newest(request.query.get("source")))
        return web.Response(
            body=body, content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return answer
