"""The messages of a body: how many there may be, and the bytes of those that are refused. Pure.

Source: docs/connect.md, 1.1.
"""

from typing import Final

import msgspec

MOST: Final = 2_500
"""Messages of one post. Segment takes as many; the rest is refused."""

LISTS: Final = ("batch", "data", "requests", "events")
"""Where the documents of the SDKs keep their messages."""


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw] | None = None
    data: list[msgspec.Raw] | None = None
    requests: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None


_batch: Final = msgspec.json.Decoder(_Batch).decode
_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_whole: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def messages(body: bytes) -> list[bytes] | None:
    """The bytes of each message of a list; None where there is no list, or nothing can be read."""
    _, found = _listed(body)
    return None if found is None else [bytes(each) for each in found]


def within(body: bytes) -> tuple[bytes, list[bytes]]:
    """The body with no more messages than are taken, and the messages that are cut off."""
    if body.count(b",") < MOST and body.count(b"\n") < MOST:
        return body, []
    if body.lstrip()[:1] not in (b"{", b"["):
        lines = body.split(b"\n")
        return b"\n".join(lines[:MOST]), lines[MOST:]
    name, found = _listed(body)
    if found is None or len(found) <= MOST:
        return body, []
    kept = msgspec.json.encode(found[:MOST])
    rest = [bytes(each) for each in found[MOST:]]
    if name is None:
        return kept, rest
    return msgspec.json.encode({**_whole(body), name: msgspec.Raw(kept)}), rest


def _listed(body: bytes) -> tuple[str | None, list[msgspec.Raw] | None]:
    """The name of the list, if it has one, and its elements."""
    try:
        if body.lstrip()[:1] == b"[":
            return None, _list(body)
        document = _batch(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    name = next((name for name in LISTS if getattr(document, name) is not None), None)
    return name, None if name is None else getattr(document, name)
