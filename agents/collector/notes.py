"""Notes about a post: which event, which part, what was expected and what came.

A note quotes nothing that was posted. Source: docs/storefront.md, 1.
"""

from typing import Final

import msgspec

from stream.events.faults import Fault


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault or a warning.

    `index`: of the event in a batch, from 0; None for the whole body · `position`, `line`, `column`: where the
    JSON breaks, in bytes from 0, the others from 1 · `meant`: the type nearest to an unknown one.
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
    """No event of the post can be read. `kept`: whether a copy of its bytes is written to the rejects."""

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
"""What was expected, by the reason for which a whole event is refused."""

GOT: Final = {
    "too_large": "more",
    "too_deep": "more",
    "not_json": "NaN, an infinite number, or bytes that are not UTF-8",
}


def of_fault(index: int | None, fault: Fault) -> Note:
    return Note(index, fault.reason, fault.path, fault.expected, fault.got)


def of_whole(index: int | None, reason: str, path: str = "$") -> Note:
    """The note for a fault of a whole event."""
    return Note(
        index,
        reason,
        path,
        EXPECTED.get(reason, "a valid event"),
        GOT.get(reason, "something else"),
    )
