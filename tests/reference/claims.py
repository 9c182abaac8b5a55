"""Section 11: a visitor's claims to the keys of identity."""

from collections.abc import Callable
from typing import Any

from tests.reference.times import DAY
from tests.reference.visitor import Visitor

_KEPT = 16
Tell = Callable[[str, str, Any], None]
"""Publishes a claim: key, kind and body."""


def bind(visitor: Visitor, keys: list[str], changed: bool, at: int, tell: Tell) -> None:
    """Binds the visitor's earlier keys to a new person, then the event's keys."""
    person = visitor.person()
    if changed:
        for key in dict.fromkeys(key for key, _, _ in visitor.bound_pairs):
            _bind(visitor, key, person, at, tell)
    for key in keys:
        lately = [told_at for *pair, told_at in visitor.bound_pairs if pair == [key, person]]
        if not lately or at - lately[0] >= 7 * DAY:
            _bind(visitor, key, person, at, tell)


def _bind(visitor: Visitor, key: str, person: str, at: int, tell: Tell) -> None:
    """Binds a key; a repeated pair moves to the end of the last 16."""
    others = [pair for pair in visitor.bound_pairs if pair[:2] != (key, person)]
    visitor.bound_pairs = [*others, (key, person, at)][-_KEPT:]
    tell(key, "bound", person)
