"""Ids that name nobody: accepted, they would join visitors who have nothing in common."""

from typing import Final

NOBODY: Final = frozenset(
    {"", "undefined", "null", "none", "nil", "nan", "anonymous", "guest", "unknown", "0", "-1"}
    | {"[object object]"}
)
"""Without surrounding spaces and in lower case. Source: docs/semantics.md, 2."""


def names_nobody(name: str) -> bool:
    return name.strip().lower() in NOBODY
