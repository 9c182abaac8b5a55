"""The name of a recipe in states. A shadow has another name than the live recipe. Source: docs/semantics-life.md, 14.

So a recipe that goes live finds nothing of its shadow, and no live recipe counts a shadow's triggers as sent.
"""

from typing import Final

SHADOW: Final = "~"
"""The prefix of a shadow's name. No recipe's own name begins with it."""


def alias_of(name: str, shadow: bool) -> str:
    return SHADOW + name if shadow else name


def is_shadow(alias: str) -> bool:
    return alias.startswith(SHADOW)


def name_of(alias: str) -> str:
    """The recipe's own name."""
    return alias.removeprefix(SHADOW)
