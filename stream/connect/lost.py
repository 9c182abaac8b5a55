"""Parts that could not be read: which, by their places in our event.

A part of an event carries the list under a name that no event has. `finishing` takes it out and tells it. Source:
docs/connect.md, 2.5 and 2.6.
"""

from collections.abc import Iterable
from typing import Any, Final

from stream.connect.reading import is_present

LOST: Final = "~lost"
NO_LINE: Final = "no_line"
UNREADABLE: Final = "unreadable"
NO_ADDRESS: Final = "no_address"

PARTS: Final = ("product", "item", "cart", "order", "traits")
"""Parts of our events that may have lost some of theirs."""

Lost = list[tuple[str, str]]
"""Places below the part, each with a reason."""


def unread(**given: tuple[Any, Any]) -> Lost:
    """The names of those that were given and of which nothing was read, of (given, read) each."""
    return [
        (name, UNREADABLE)
        for name, (raw, found) in given.items()
        if found is None and raw is not None and is_present(raw)
    ]


def marked(part: dict[str, Any], lost: Lost) -> dict[str, Any]:
    return {**part, LOST: lost} if lost else part


def moved(part: dict[str, Any], place: str) -> Lost:
    """What a part has lost, by places below the whole that it goes into. The part no longer says so."""
    lost: Lost = part.pop(LOST, [])
    return [(f"{place}.{name}", reason) for name, reason in lost]


def gathered(
    parts: Iterable[dict[str, Any] | None], place: str
) -> tuple[list[dict[str, Any]], Lost]:
    """The lines of a list that are lines, and what it has lost."""
    kept: list[dict[str, Any]] = []
    lost: Lost = []
    for index, part in enumerate(parts):
        if part is None:
            lost.append((f"{place}[{index}]", NO_LINE))
            continue
        if LOST in part:
            lost += moved(part, f"{place}[{index}]")
        kept.append(part)
    return kept, lost
