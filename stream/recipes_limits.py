"""The rules of a recipes file that no schema can express: names that must exist, durations that must fit.

Each fault comes with its path. A file with a fault is refused as a whole. Source: docs/semantics-life.md.
"""

from collections.abc import Iterator
from typing import Any, Final

from stream.durations import DAY
from stream.durations import parse as duration
from stream.kinds.registry import KINDS
from stream.marked import hint
from stream.recipes.recipe import AUDIENCE, LIFE

LONGEST_KEEP: Final = 800 * DAY
SHORTEST_KEEP: Final = 30 * DAY
KEEP_OF_LIFE: Final = 400 * DAY

Fault = tuple[list[str], str]
"""(path of the fault, the end of a sentence that begins with the path)."""


def keep(document: dict[str, Any]) -> int:
    """How long (ms) a document remembers a person."""
    given = (document.get("policy") or {}).get("keep")
    if given is not None:
        return duration(given)
    kinds = {_kind(each) for each in document.get("recipes") or ()}
    return KEEP_OF_LIFE if document.get("audiences") or kinds & LIFE else SHORTEST_KEEP


def _kind(recipe: dict[str, Any]) -> str:
    return str(recipe.get("kind", recipe["name"]))


def faults(document: dict[str, Any], whole: bool = True) -> Iterator[Fault]:
    """All faults of a document that its schema accepts. `whole` False: parts of it with other faults were left out, so nothing
    is told that rests on what is not there."""
    yield from _twice(document, "recipes")
    yield from _twice(document, "audiences")
    for place, recipe in enumerate(document.get("recipes") or ()):
        if _kind(recipe) not in KINDS:
            yield _no_kind(["recipes", str(place)], recipe)
    lasts = keep(document)
    if not SHORTEST_KEEP <= lasts <= LONGEST_KEEP:
        yield ["policy", "keep"], " must be 30d to 800d"
    yield from _audiences(document, whole)
    is_kept = whole or "keep" in (document.get("policy") or {})
    for path, value in _durations(document):
        if is_kept and duration(value) > lasts - DAY:
            yield (
                path,
                f" must not be longer than keep less 1d, {(lasts - DAY) // DAY}d: a step, a life, lead, within, attribution "
                "or a bound of since_visit or since_order that is, comes when nobody is remembered any more",
            )
    for place, recipe in enumerate(document.get("recipes") or ()):
        at = ["recipes", str(place)]
        steps = [duration(step) for step in recipe.get("steps", ())]
        for number, step in enumerate(steps[1:], 1):
            if step <= steps[number - 1]:
                yield [*at, "steps", str(number)], " must be longer than the step before it"
        for name, unit in recipe.get("life", {}).items():
            if duration(unit) == 0:
                yield [*at, "life", name], " must be longer than 0"


def _no_kind(at: list[str], recipe: dict[str, Any]) -> Fault:
    kind = _kind(recipe)
    if "kind" in recipe:
        return [*at, "kind"], f": there is no kind {kind}: {hint(kind, KINDS)}"
    why = f"there is no kind {kind}, and a recipe without a kind has its name for one: {hint(kind, KINDS)}"
    return [*at, "name"], f": {why}"


def _twice(document: dict[str, Any], what: str) -> Iterator[Fault]:
    names = [each["name"] for each in document.get(what) or ()]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield [what, str(place), "name"], f": {name} is there twice"


def _audiences(document: dict[str, Any], whole: bool) -> Iterator[Fault]:
    names = [each["name"] for each in document.get("audiences") or ()]
    for place, recipe in enumerate(document.get("recipes") or ()):
        wanted = recipe.get("audience")
        if wanted is None and _kind(recipe) == AUDIENCE:
            yield (
                ["recipes", str(place)],
                ": audience is missing: expected the name of one of the audiences",
            )
        elif wanted is not None and wanted not in names and whole:
            yield (
                ["recipes", str(place), "audience"],
                f": there is no audience {wanted} in this file: {hint(wanted, names)}",
            )
    for at, members in _members(document):
        for number, kind in enumerate(members.get("open", ())):
            if kind not in KINDS:
                kinds = [name for name in KINDS if name != AUDIENCE]
                yield [*at, "open", str(number)], f": there is no kind {kind}: {hint(kind, kinds)}"


def _members(document: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    for place, audience in enumerate(document.get("audiences") or ()):
        at, members = ["audiences", str(place), "members"], audience["members"]
        if isinstance(members, dict):
            yield at, members
        else:
            for number, each in enumerate(members):
                yield [*at, str(number)], each


def _durations(document: dict[str, Any]) -> Iterator[tuple[list[str], str | int]]:
    """The durations for which a person must be remembered."""
    for place, recipe in enumerate(document.get("recipes") or ()):
        at = ["recipes", str(place)]
        for number, step in enumerate(recipe.get("steps", ())):
            yield [*at, "steps", str(number)], step
        for named in ("lead", "attribution"):
            if named in recipe:
                yield [*at, named], recipe[named]
        for name, unit in recipe.get("life", {}).items():
            yield [*at, "life", name], unit
    for at, members in _members(document):
        for name in ("since_visit", "since_order"):
            for bound, value in members.get(name, {}).items():
                yield [*at, name, bound], value
        for name in ("viewed", "bought"):
            if name in members:
                yield [*at, name, "within"], members[name]["within"]
