"""What a carrier hands over: an HTTP request, or a record of a topic. Source: docs/connect.md, 7.3 and 7.6."""

from msgspec import Struct


class Request(Struct, frozen=True):
    """`headers` have lower-case names; `body` is unpacked already."""

    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    method: str = "POST"


class Record(Struct, frozen=True):
    """`time` is when the source's broker appended it, in ms."""

    value: bytes
    headers: dict[str, str] = {}
    key: bytes | None = None
    time: int = 0


Given = Request | Record


def body_of(given: Given) -> bytes:
    return given.value if isinstance(given, Record) else given.body
