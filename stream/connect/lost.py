"""Records which parts of an event could not be read, by their paths in our event.

Each part carries its list under LOST, a name that no event has. `finishing` takes the list out and reports it. Source:
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
"""Parts of our events that may carry a list of what was lost."""

Lost = list[tuple[str, str]]
"""(path below the part, reason) of each lost value."""


def unread(**given: tuple[Any, Any]) -> Lost:
    """The names of values that were given but could not be read. `given`: (given, read) by name."""
    return [
        (name, UNREADABLE)
        for name, (raw, found) in given.items()
        if found is None and raw is not None and is_present(raw)
    ]


def marked(part: dict[str, Any], lost: Lost) -> dict[str, Any]:
    return {**part, LOST: lost} if lost else part


def moved(part: dict[str, Any], place: str) -> Lost:
    """Takes the list out of a part. Returns it with paths below the whole that the part goes into."""
    lost: Lost = part.pop(LOST, [])
    return [(f"{place}.{name}", reason) for name, reason in lost]


def gathered(
    parts: Iterable[dict[str, Any] | None], place: str
) -> tuple[list[dict[str, Any]], Lost]:
    """The lines that could be read, and what was lost of the list at `place`."""
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
