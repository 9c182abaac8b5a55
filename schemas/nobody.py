"""Ids that name nobody: accepted, they would join visitors who have nothing in common.

Source: docs/semantics.md, 2, "Names of nobody".
"""

from functools import lru_cache
from typing import Final

NOBODY: Final = frozenset(
    {"", "undefined", "null", "none", "nil", "nan", "anonymous", "anon", "guest", "unknown"}
    | {"0", "-1", "n/a", "-", "true", "false", "(not set)", "not_set", "not_authenticated"}
    | {"0" * 32, "00000000-0000-0000-0000-000000000000"}
)
"""Without surrounding white space and in lower case."""

BEFORE: Final = "event:"
"""The id of an order without one is this and its event's id."""


def names_nobody(name: str) -> bool:
    """Whether an id of any sort names nobody."""
    text = name.strip().lower()
    return (
        text in NOBODY
        or text.startswith("[object")
        or "{{" in text
        or "${" in text
        or "%%" in text
        or text.endswith(("/undefined", "/null"))
        or (text.startswith(BEFORE) and names_nobody(text[len(BEFORE) :]))
    )


@lru_cache(maxsize=1 << 16)
def somebody(name: str) -> bool:
    """Whether a visitor or a customer names somebody: the same ones come by again and again."""
    return not names_nobody(name)
