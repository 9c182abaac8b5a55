"""The result of a translator: events, and a reason for everything that did not become one."""

from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from stream.connect.contact import hidden


class LeftOut(NamedTuple):
    """`name`: of the source's event, `path`: of the part in what was sent; `$` is all of it. Of a part that our event
    goes without: the type of that event, and the part's path there."""

    name: str
    reason: str
    path: str


class Translation(Struct):
    """`refused`: (index, reason) of messages that cannot be read · `left_out`: what this service does not need."""

    events: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)

    def leave_out(self, name: str, reason: str, path: str = "$") -> None:
        self.left_out.append(LeftOut(hidden(name[:LONGEST_READ])[:LONGEST_NAME], reason, path))

    def refuse(self, index: int, reason: str) -> None:
        self.refused.append((index, reason))


LONGEST_NAME: Final = 64
"""Characters that are kept of a foreign event's name."""

LONGEST_READ: Final = 1_024
"""Characters in which e-mail addresses are looked for before a name is cut."""


def compact(**fields: Any) -> dict[str, Any]:
    """The fields that have a value. An empty object is left out; an empty list is kept."""
    return {name: value for name, value in fields.items() if value is not None and value != {}}
