"""The last requests of each source and their results. They help to connect a shop.

The log keeps no body, query, header or address: these name people, and hold keys. The metrics port serves the log to
clients that send the operator key.

| variable | what | default |
|---|---|---|
| TRIGGERS_COLLECT_OPERATOR_KEY | the key that a client must send to read a collector's last requests, 16 characters of ASCII or more (or ..._FILE); the console sends it | none: nobody may |
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

from agents.collector.throttled_log import readable
from agents.collector.validation import Judged
from agents.config import shared_key
from stream.connect.translation import LeftOut

SETTING: Final = "TRIGGERS_COLLECT_OPERATOR_KEY"
KEPT: Final = 50
"""Requests kept of each source."""

MOST_LISTED: Final = 10
"""Refused messages kept of one request, and as many parts that were left out."""

PATH: Final = "/requests"


class RefusedMessage(NamedTuple):
    type: str
    reason: str
    path: str


class Became(Struct):
    """The result of a request: number of accepted events by type, refused messages, and parts left out."""

    events: dict[str, int] = {}
    refused: list[RefusedMessage] = []
    left_out: list[LeftOut] = []
    robot: bool = False

    def judged(self, found: Judged, types: dict[str, int], left_out: Sequence[LeftOut]) -> None:
        """Notes the result. `types`: how many events were taken, by type."""
        self.events = types
        self.refused = [RefusedMessage(*each[1:]) for each in found.refused[:MOST_LISTED]]
        listed = left_out[:MOST_LISTED]
        self.left_out = [each._replace(name=readable(each.name)) for each in listed]


class LoggedRequest(Struct):
    """A request with its result. `at`: ms of this machine's clock · `path`: without the query · `size`: bytes of the
    body as received."""

    at: int
    source: str
    method: str
    path: str
    status: int
    size: int
    became: Became = field(default_factory=Became)


class RequestLog:
    """Keeps in memory the newest requests of each source of the sources file, and those of unknown sources as `-`."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._kept = {name: deque[LoggedRequest](maxlen=KEPT) for name in (*sources, "-")}

    def note(self, request: web.BaseRequest, source: str, status: int, became: Became) -> None:
        path, size = request.path[:200], request.content_length or 0
        at = time.time_ns() // 1_000_000
        entry = LoggedRequest(at, source, request.method, path, status, size, became)
        self._kept[source].append(entry)

    def newest(self, source: str | None = None) -> list[LoggedRequest]:
        """The requests of one source, or of all; the newest first."""
        wanted = self._kept.values() if source is None else [self._kept.get(source, ())]
        return sorted((each for kept in wanted for each in kept), key=lambda each: -each.at)


def operator_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """The operator key; None: nobody may read the log. Raises SettingsError."""
    return shared_key.read(SETTING, environ)


def serving(log: RequestLog, key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler: needs `Authorization: Bearer KEY`, and answers with the last requests (of `?source=`) as JSON."""
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
