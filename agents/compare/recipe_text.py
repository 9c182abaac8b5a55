"""Describes a recipe, and the changes of a recipe, in a marketer's words."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

import msgspec

from stream.recipes.conditions import Offer, Range, When
from stream.recipes.recipe import Recipe

DURATIONS: Final = {
    "cooldown": "cooldown",
    "valid_for": "time in which a trigger is valid",
    "ordered_within": "time without messages after an order",
    "expires": "time after which it expires",
    "lead": "lead before the end of a life",
    "after": "age of the visit before it shows",
    "attribution": "time in which orders count for it",
}
"""The names that people use for fields with a time (ms)."""

SWITCHES: Final = {
    ("capped", True): "counts under the caps",
    ("capped", False): "no longer counts under the caps",
    ("reach", "known"): "goes only to people who are known to be reachable",
    ("reach", "any"): "goes also to people who are not known to be reachable",
    ("consent", "granted"): "goes only to people who have agreed",
    ("consent", "not_withdrawn"): "goes to people who have not objected",
    ("base", "order"): "counts its steps from the order",
    ("base", "delivered"): "counts its steps from the delivery",
    ("mode", "shadow"): "decides in shadow from now on, and sends nothing",
    ("mode", "live"): "goes live: it sends",
    ("existing", True): "takes in people who are in its audience already",
    ("existing", False): "leaves out people who are in its audience already",
}


def summary(recipe: Recipe) -> str:
    """What a recipe does, in one line."""
    times = ", ".join(short(step) for step in recipe.steps)
    shadow = "in shadow, " if recipe.is_shadow else ""
    when = f"after {times}" if times else "at once"
    return f"{shadow}{recipe.kind}, {when}, to {', '.join(recipe.channels)}"


def changes(old: Recipe, new: Recipe) -> Iterator[str]:
    """One sentence for each field that differs."""
    for field in Recipe.__struct_fields__:
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            for change in _changes(field, was, now):
                yield f"{old.name}: {change}"


def _changes(field: str, was: Any, now: Any) -> Iterator[str]:
    if field == "steps":
        yield from _steps(was, now)
    elif field == "channels":
        yield from _channels(was, now)
    elif field in DURATIONS:
        yield f"{DURATIONS[field]} goes from {short(was)} to {short(now)}"
    elif isinstance(now, bool | str) and (field, now) in SWITCHES:
        yield SWITCHES[field, now]
    elif field == "holdout":
        yield f"holdout goes from {was / 100:g} % to {now / 100:g} %"
    elif field == "when":
        yield f"is sent {_when(now)}, before {_when(was)}"
    elif field == "priority":
        sooner = "earlier" if now < was else "later"
        yield f"its turn among recipes comes {sooner}: priority from {was} to {now}"
    elif field == "arms":
        yield f"arms {_arms(was)} become {_arms(now)}"
    elif field == "offers":
        yield f"offers {_offers(was)} become {_offers(now)}"
    elif field == "life":
        yield from _life(was, now)
    else:
        yield f"{field} goes from {_plain(was)} to {_plain(now)}"


def _steps(was: tuple[int, ...], now: tuple[int, ...]) -> Iterator[str]:
    for number, (old, new) in enumerate(zip_longest(was, now), 1):
        if old is None:
            yield f"new step {number} after {short(new)}"
        elif new is None:
            yield f"step {number} after {short(old)} removed"
        elif old != new:
            yield f"step {number} moves from {short(old)} to {short(new)}"


def _channels(was: tuple[str, ...], now: tuple[str, ...]) -> Iterator[str]:
    more, less = [c for c in now if c not in was], [c for c in was if c not in now]
    if more:
        yield f"goes to {', '.join(more)}, too"
    if less:
        yield f"goes no longer to {', '.join(less)}"
    if not more and not less:
        yield f"tries channels in another order: {', '.join(now)}"


def _life(was: dict[str, int], now: dict[str, int]) -> Iterator[str]:
    for name in dict.fromkeys((*was, *now)):
        what = "any other product" if name == "*" else name
        if name not in was:
            yield f"new life of {what}: {short(now[name])}"
        elif name not in now:
            yield f"life of {what} removed"
        elif was[name] != now[name]:
            yield f"life of {what} goes from {short(was[name])} to {short(now[name])}"


def _arms(arms: tuple[tuple[str, int], ...]) -> str:
    below, parts = 0, []
    for name, bound in arms:
        parts.append(f"{name} {(bound - below) / 100:g} %")
        below = bound
    return ", ".join(parts) or "none"


def _offers(offers: tuple[Offer, ...]) -> str:
    return ", ".join(f"{each.name} {_when(each.when)}" for each in offers) or "none"


def _when(when: When) -> str:
    """`if cart_value is at least 50 and orders is 1 to 3`."""
    parts = [f"{each.name} is {_range(each)}" for each in when.ranges]
    for what, names in (("sub_kind", when.sub_kinds), ("category", when.categories)):
        if names is not None:
            parts.append(f"{what} is {' or '.join(sorted(names)) or 'none at all'}")
    return f"if {' and '.join(parts)}" if parts else "always"


def _range(wanted: Range) -> str:
    if wanted.min is None:
        return "anything" if wanted.max is None else f"at most {wanted.max:g}"
    if wanted.max is None:
        return f"at least {wanted.min:g}"
    if wanted.min == wanted.max:
        return f"{wanted.min:g}"
    return f"{wanted.min:g} to {wanted.max:g}"


def _plain(value: Any) -> str:
    if value == "" or value is None:
        return "none"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def short(duration: int) -> str:
    """A time (ms) as recipes files write it, in the largest unit that divides it: `45m`."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if duration and duration % size == 0:
            return f"{duration // size}{unit}"
    return f"{duration}ms" if duration else "0"
