"""Faults of an event: one for each part that could not be read.

A fault of an essential part makes the event invalid; for any other fault the part is left out. A fault never quotes the
payload. Its path is of a closed set: `[]` stands for any index. Source: docs/semantics.md, 2.
"""

from typing import Any, Final

from msgspec import Struct


class Fault(Struct, frozen=True):
    """A fault. `path`: a JSON path · `expected`: the value that is accepted there · `got`: the JSON type of the value."""

    path: str
    expected: str
    got: str
    reason: str = "wrong_type"
    essential: bool = False


class Rejected(Exception):
    """The record is not a valid event. `reason` never quotes the payload; `path` is a JSON path.

    `type`: that of the event, if there is such a type.
    """

    def __init__(self, reason: str, path: str = "$", type: str | None = None) -> None:
        super().__init__(f"{reason} at {path}")
        self.reason = reason
        self.path = path
        self.type = type


class Unread(Exception):
    """A value cannot be read as the expected type. `reason` is one of those of Rejected."""

    def __init__(self, reason: str = "wrong_type") -> None:
        super().__init__(reason)
        self.reason = reason


_NAMES: Final = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
    type(None): "null",
}


def name_of(value: Any) -> str:
    """The JSON type of a value."""
    return _NAMES[type(value)]
