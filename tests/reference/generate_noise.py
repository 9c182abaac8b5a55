"""Seeded faults in parts of an event: null, wrong type, out of range or odd."""

import copy
import random
from typing import Any

from tests.reference.generate_names import nobody

_LARGE = 10**15
VALUES: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    True,
    False,
    0,
    -1,
    5,
    7.0,
    7.5,
    0.5,
    1e-7,
    "12",
    "1.50",
)
VALUES += ("1e3", " 5", "5.", "-0.0", "1.299,00", _LARGE, _LARGE + 1, -_LARGE - 1, 1e16, 10**30)
VALUES += ("x" * 129, "\ud83d", "a\udc00b", [None], [7, "email"], {"id": None}, "all", "2.0", -0.0)
Path = tuple[str | int, ...]


def _paths(value: Any, here: Path = ()) -> list[Path]:
    """The paths of an event's parts, except its time."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = [(name, part) for name, part in value.items() if here or name != "t"]
    if isinstance(value, list):
        inside = list(enumerate(value))
    found: list[Path] = []
    for name, part in inside:
        found += [(*here, name), *_paths(part, (*here, name))]
    return found


def spoil(pick: random.Random, event: dict[str, Any]) -> None:
    """Removes, replaces or rewrites one part of the event."""
    path = pick.choice(_paths(event))
    holder: Any = event
    for name in path[:-1]:
        holder = holder[name]
    old, kind = holder[path[-1]], pick.random()
    if kind < 0.15:
        del holder[path[-1]]
    elif kind < 0.4:
        holder[path[-1]] = _written_otherwise(pick, old)
    elif kind < 0.5:
        holder[path[-1]] = nobody(pick)
    else:
        holder[path[-1]] = copy.deepcopy(pick.choice(VALUES))


def _written_otherwise(pick: random.Random, old: Any) -> Any:
    """A number as text, a text of digits as a number."""
    if isinstance(old, bool) or not isinstance(old, int | float | str):
        return None
    if isinstance(old, str):
        return int(old) if old.isascii() and old.isdecimal() else f"{old} "
    return pick.choice((str(old), float(old), f"{old}.0" if isinstance(old, int) else str(old)))


def add(pick: random.Random, event: dict[str, Any]) -> None:
    """Adds an unreadable optional part."""
    name = pick.choice(("customer", "client_time", "keys", "page", "order", "traits", "contacts"))
    value = pick.choice(VALUES[1:] if name == "customer" else VALUES)
    event.setdefault(name, copy.deepcopy(value))
