"""What a storefront posted: one event or a batch of them, each checked as a worker will check it.

All or nothing: a batch with a fault is refused whole, so an answer is true of all its events, and what was
not taken can be sent again, without the faulty ones, in its order. Pure. Source: docs/storefront.md.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET

from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.types import APPLIED_LATE

MOST: Final = 500
"""Events in a batch. More: one post would take the place of many."""

LARGEST: Final = 1024 * 1024
"""Bytes of a post."""

_elements: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_SPACE: Final = b" \t\r\n"


class Taken(NamedTuple):
    """`value`: the event's own bytes, as they came. `path`: what it says that only the shop's server can
    know for sure (who somebody is, an order, a consent), None for what any browser may say."""

    id: str
    visitor: str
    value: bytes
    path: str | None


class Fault(msgspec.Struct, frozen=True):
    """`index`: which event of a batch, from 0; None for the whole. Nothing in it quotes what was posted."""

    index: int | None
    reason: str
    path: str


class Faulty(Exception):
    """Not one event of the post is taken."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def unsure(taken: list[Taken]) -> list[Fault]:
    """What is said against them if they come from a browser that is not believed."""
    found = enumerate(taken)
    return [Fault(n, "needs_key", each.path) for n, each in found if each.path is not None]


def take(body: bytes) -> list[Taken]:
    """The events of a post, in their order. Raises Faulty."""
    if not body.lstrip(_SPACE).startswith(b"["):
        return _all([(None, body)])
    try:
        parts = _elements(body)
    except RecursionError:
        raise Faulty([Fault(None, "too_deep", "$")]) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Faulty([Fault(None, "not_json", "$")]) from None
    if not parts:
        raise Faulty([Fault(None, "empty", "$")])
    if len(parts) > MOST:
        raise Faulty([Fault(None, "too_many", "$")])
    return _all(_numbered(parts))


def _numbered(parts: list[msgspec.Raw]) -> Iterator[tuple[int, bytes]]:
    for index, part in enumerate(parts):
        yield index, bytes(part)


def _all(parts: "Iterator[tuple[int, bytes]] | list[tuple[None, bytes]]") -> list[Taken]:
    taken: list[Taken] = []
    faults: list[Fault] = []
    for index, value in parts:
        try:
            taken.append(_event(value))
        except Rejected as error:
            faults.append(Fault(index, error.reason, error.path))
    if faults:
        raise Faulty(faults)
    return taken


def _event(value: bytes) -> Taken:
    """Raises Rejected. Time is not a storefront's to move: `clock.advanced` is for replays."""
    event = decoding.decode(value)
    if event is None:
        raise Rejected("not_in_list", "$.type")
    path = "$.customer" if event.customer is not UNSET else None
    if type(event) in APPLIED_LATE:
        path = "$.type"
    return Taken(event.id, event.visitor, value, path)
