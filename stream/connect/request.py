"""What the collector and the bridge hand over: an HTTP request, or a record. Source: docs/connect.md, 7.3 and 7.6."""

from msgspec import Struct


class Request(Struct, frozen=True):
    """An HTTP request. `headers`: with lower-case names · `body`: unpacked."""

    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    method: str = "POST"


class Record(Struct, frozen=True):
    """A record of a source's topic. `time`: when the source's broker appended it (ms)."""

    value: bytes
    headers: dict[str, str] = {}
    key: bytes | None = None
    time: int = 0


Given = Request | Record


def body_of(given: Given) -> bytes:
    return given.value if isinstance(given, Record) else given.body
