"""How two recipes files differ, in words."""

from collections.abc import Iterator
from typing import Any

import msgspec

from agents.explain.refusal_reasons import span
from stream.recipes.conditions import When
from stream.recipes.recipe import Cap, Policy, Recipe, Recipes

DURATIONS = ("cooldown", "valid_for", "ordered_within", "expires")


def differences(before: Recipes, after: Recipes) -> list[str]:
    """One sentence each; empty if both decide alike."""
    return [*_policy(before.policy, after.policy), *_recipes(before, after)]


def _policy(before: Policy, after: Policy) -> Iterator[str]:
    if before.caps != after.caps:
        yield f"caps: {_caps(before.caps)} → {_caps(after.caps)}"
    if before.quiet != after.quiet:
        yield f"quiet hours: {_quiet(before)} → {_quiet(after)}"
    if before.zone != after.zone:
        yield f"zone: {before.zone} → {after.zone}"


def _caps(caps: tuple[Cap, ...]) -> str:
    return ", ".join(f"{cap.max} in {span(cap.per)} ({cap.then})" for cap in caps) or "none"


def _quiet(policy: Policy) -> str:
    quiet = policy.quiet
    if quiet is None:
        return "none"
    return f"{_time(quiet.start)} to {_time(quiet.end)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _recipes(before: Recipes, after: Recipes) -> Iterator[str]:
    for name in dict.fromkeys((*before.by_name, *after.by_name)):
        old, new = before.by_name.get(name), after.by_name.get(name)
        if new is None:
            yield f"{name}: in force → not in force"
        elif old is None:
            yield f"{name}: not in force → in force, {_steps(new)}"
        else:
            yield from _fields(old, new)


def _fields(old: Recipe, new: Recipe) -> Iterator[str]:
    for field in Recipe.__struct_fields__:
        was, now = getattr(old, field), getattr(new, field)
        if was == now:
            continue
        if field == "steps":
            yield f"{old.name}: steps {_steps(old)} → {_steps(new)}"
        else:
            yield f"{old.name}: {field} {_value(field, was)} → {_value(field, now)}"


def _steps(recipe: Recipe) -> str:
    return ", ".join(span(step) for step in recipe.steps)


def _value(field: str, value: Any) -> str:
    if field in DURATIONS:
        return span(value) if value else "none"
    if field == "holdout":
        return f"{value / 100:g} %"
    if field == "channels":
        return ", ".join(value)
    if field == "when":
        return _when(value)
    return msgspec.json.encode(value).decode()


def _when(when: When) -> str:
    """`cart_value from 50, orders from 1 to 3`."""
    parts = []
    for each in when.ranges:
        low = "" if each.min is None else f" from {each.min:g}"
        high = "" if each.max is None else f" to {each.max:g}"
        parts.append(f"{each.name}{low}{high}")
    parts += [f"only {', '.join(names)}" for names in (when.sub_kinds, when.categories) if names]
    return ", ".join(parts) or "always"
