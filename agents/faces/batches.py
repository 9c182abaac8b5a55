"""The messages of a body: how many are accepted, and the bytes of each. Pure.

Source: docs/connect.md, 1.1.
"""

from typing import Final

import msgspec

MOST: Final = 2_500
"""Messages of one post that are accepted, as many as Segment accepts. The rest is refused."""

LONG: Final = 32 * 1024
"""Bytes of a body whose messages are counted at once: to look for its commas would take as long."""

LISTS: Final = ("batch", "data", "requests", "events")
"""The fields in which SDKs send a list of messages."""


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw] | None = None
    data: list[msgspec.Raw] | None = None
    requests: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None


_batch: Final = msgspec.json.Decoder(_Batch).decode
_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_whole: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def messages(body: bytes) -> list[bytes] | None:
    """The bytes of each message in the body's list; None if the body has no list or is unreadable."""
    _, elements = _listed(body)
    return None if elements is None else [bytes(each) for each in elements]


def within(body: bytes) -> tuple[bytes, list[bytes]]:
    """Cuts a body: (the body with its first MOST messages, the bytes of each further message)."""
    if len(body) < MOST or (len(body) < LONG and body.count(b",") + body.count(b"\n") < MOST):
        return body, []
    if body.lstrip()[:1] not in (b"{", b"["):
        lines = body.split(b"\n")
        return b"\n".join(lines[:MOST]), lines[MOST:]
    name, elements = _listed(body)
    if elements is None or len(elements) <= MOST:
        return body, []
    kept = msgspec.json.encode(elements[:MOST])
    rest = [bytes(each) for each in elements[MOST:]]
    if name is None:
        return kept, rest
    return msgspec.json.encode({**_whole(body), name: msgspec.Raw(kept)}), rest


def _listed(body: bytes) -> tuple[str | None, list[msgspec.Raw] | None]:
    """(the field that holds the list, the list's elements).

    The field is None if the body itself is the list. Both are None if there is no list.
    """
    try:
        if body.lstrip()[:1] == b"[":
            return None, _list(body)
        document = _batch(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    name = next((name for name in LISTS if getattr(document, name) is not None), None)
    return name, None if name is None else getattr(document, name)
