"""Describes what a recipes file says, and how two differ, in a marketer's words: `step 1 moves from 30m to 45m`."""

from collections.abc import Iterator

from agents.compare import recipe_text
from agents.compare.recipe_text import short
from agents.runtime.counted import counted
from stream.durations import DAY, HOUR
from stream.recipes.recipe import Cap, Policy, Quiet, Recipes


def contents(recipes: Recipes, file: str) -> Iterator[str]:
    """A line for each recipe and audience of a file, and one with their numbers."""
    for name in recipes.names:
        recipe = recipes.by_name.get(name)
        if recipe is None:
            yield f"{name}: disabled"
            continue
        steps = ", ".join(short(step) for step in recipe.steps)
        when = "at once" if recipe.kind == "exit-intent" else f"after {steps}"
        mode = "shadow, " if recipe.mode == "shadow" else ""
        yield (
            f"{name} ({recipe.kind}, {mode}version {recipe.version}): {when}, "
            f"to {', '.join(recipe.channels)}"
        )
    for audience in recipes.audiences.all:
        yield f"audience {audience.name}"
    parts = [counted(len(recipes.names), "recipe")]
    if recipes.audiences.all:
        parts.append(counted(len(recipes.audiences.all), "audience"))
    yield f"{file}: {', '.join(parts)}, no faults"


def differences(before: Recipes, after: Recipes) -> list[str]:
    """A sentence for each difference; empty if both files decide alike."""
    return [
        *_recipes(before, after),
        *_caps(before.policy.caps, after.policy.caps),
        *_policy(before.policy, after.policy),
        *_audiences(before, after),
    ]


def _recipes(before: Recipes, after: Recipes) -> Iterator[str]:
    for name in dict.fromkeys((*before.names, *after.names)):
        old, new = before.by_name.get(name), after.by_name.get(name)
        if name not in before.names:
            yield (
                f"new recipe {name}: {recipe_text.summary(new)}"
                if new
                else f"new recipe {name}, disabled"
            )
        elif name not in after.names:
            yield f"recipe {name} removed"
        elif old is None and new is not None:
            yield f"{name}: enabled again: {recipe_text.summary(new)}"
        elif old is not None and new is None:
            yield f"{name}: disabled"
        elif old is not None and new is not None:
            yield from recipe_text.changes(old, new)


def _caps(before: tuple[Cap, ...], after: tuple[Cap, ...]) -> Iterator[str]:
    old, new = {cap.per: cap for cap in before}, {cap.per: cap for cap in after}
    if (len(old), len(new)) != (len(before), len(after)):  # two caps over one time
        yield from (f"cap of {_cap(cap)} removed" for cap in before if cap not in after)
        yield from (f"new cap of {_cap(cap)}" for cap in after if cap not in before)
        return
    for per in sorted(old.keys() | new.keys()):
        was, now = old.get(per), new.get(per)
        if was is None and now is not None:
            yield f"new cap of {_cap(now)}: what is above it {_above(now)}"
        elif was is not None and now is None:
            yield f"cap of {_cap(was)} removed"
        elif was is not None and now is not None:
            if was.max != now.max:
                yield f"cap of {_cap(was)} becomes {_cap(now)}"
            if was.then != now.then:
                yield f"cap of {_cap(now)}: what is above it {_above(now)}, it {_above(was)} before"


def _cap(cap: Cap) -> str:
    """`3 a week`."""
    words = {HOUR: "an hour", DAY: "a day", 7 * DAY: "a week"}
    return f"{cap.max} {words.get(cap.per, f'in {short(cap.per)}')}"


def _above(cap: Cap) -> str:
    return "waits" if cap.then == "defer" else "is dropped"


def _policy(before: Policy, after: Policy) -> Iterator[str]:
    if before.quiet != after.quiet:
        if before.quiet is None:
            yield f"new quiet hours {_quiet(after.quiet)}"
        elif after.quiet is None:
            yield f"quiet hours {_quiet(before.quiet)} removed"
        else:
            yield f"quiet hours move from {_quiet(before.quiet)} to {_quiet(after.quiet)}"
    if before.zone != after.zone:
        yield f"time zone changes from {before.zone} to {after.zone}"
    if before.keep != after.keep:
        yield f"people are remembered for {short(after.keep)}, {short(before.keep)} before"


def _quiet(quiet: Quiet | None) -> str:
    if quiet is None or quiet.start == quiet.end:
        return "none"
    return f"{_time(quiet.start)}-{_time(quiet.end)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _audiences(before: Recipes, after: Recipes) -> Iterator[str]:
    old = {each.name: each.members for each in before.audiences.all}
    new = {each.name: each.members for each in after.audiences.all}
    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield f"new audience {name}"
        elif name not in new:
            yield f"audience {name} removed"
        elif old[name] != new[name]:
            yield f"audience {name} has other members"
