"""What the collector says of a post: which event, which part, what is expected there and what came.

Nothing in it quotes what was posted. Source: docs/storefront.md, 1.
"""

from typing import Final

import msgspec

from stream.events.faults import Fault


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault or a warning. `index`: which event of a batch, from 0; None for the whole body.

    `position`, `line` and `column` say where JSON breaks: bytes from 0, the others from 1 ·
    `meant`: the type that an unknown one was meant to be.
    """

    index: int | None
    reason: str
    path: str
    expected: str
    got: str
    position: int | None = None
    line: int | None = None
    column: int | None = None
    meant: str | None = None


class Unreadable(Exception):
    """Not one event of the post can be looked at. `kept`: whether its bytes are worth keeping."""

    def __init__(self, note: Note, kept: bool = True) -> None:
        super().__init__(note.reason)
        self.note = note
        self.kept = kept


NEEDS_KEY: Final = "needs_key"
KNOWN_SENDER: Final = "a sender who knows the collector's key"

EXPECTED: Final = {
    "empty": "an event, or a list of them",
    "too_large": "an event of up to 64 KiB, a cart.updated of up to 256 KiB",
    "too_deep": "up to 400 levels of nesting",
    "not_json": "JSON in UTF-8",
    "not_an_object": "an object",
}
"""By the reasons that are against an event as a whole."""

GOT: Final = {
    "too_large": "more",
    "too_deep": "more",
    "not_json": "NaN, a number without end, or bytes that are no UTF-8",
}


def of_fault(index: int | None, fault: Fault) -> Note:
    return Note(index, fault.reason, fault.path, fault.expected, fault.got)


def of_whole(index: int | None, reason: str, path: str = "$") -> Note:
    """A fault that the reading of events has no more to say of."""
    return Note(
        index,
        reason,
        path,
        EXPECTED.get(reason, "a valid event"),
        GOT.get(reason, "something else"),
    )
