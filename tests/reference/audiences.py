"""Semantics of life, 13: membership of audiences, from the moment it holds."""

import hashlib
from typing import Any

from tests.reference.outputs import Outputs
from tests.reference.person import Person
from tests.reference.reach import reachable_now
from tests.reference.reading import category
from tests.reference.recipes import Recipes
from tests.reference.times import duration


def belongs(person: Person, members: dict[str, Any] | list[dict[str, Any]], at: int) -> bool:
    if isinstance(members, list):
        return any(belongs(person, each, at) for each in members)
    return all(_holds(person, name, wanted, at) for name, wanted in members.items())


def _holds(person: Person, name: str, wanted: Any, at: int) -> bool:
    match name:
        case "visits":
            return _within(person.visits(), wanted)
        case "orders":
            return _within(max(len(person.orders.record), person.traits.get("orders", 0)), wanted)
        case "spent":
            return _within(person.spent(), wanted)
        case "since_visit":
            return _since(_since_visit(person, at), wanted)
        case "since_order":
            last = _last_day(person)
            return _since(None if last is None else at - last, wanted)
        case "reachable":
            return reachable_now(person) is wanted
        case "open":
            return any(
                each.recipe.kind in wanted
                for each in person.open_episodes()
                if not each.recipe.shadow
            )
        case "viewed":
            return _lately(person.viewed, wanted, at)
        case "bought":
            return _lately(person.bought_at, wanted, at)
    raise ValueError(name)


def _within(number: float, wanted: dict[str, float]) -> bool:
    return wanted.get("min", number) <= number <= wanted.get("max", number)


def _since(since: int | None, wanted: dict[str, Any]) -> bool:
    if since is None:
        return False
    if "max" in wanted and since >= duration(wanted["max"]):
        return False
    return since >= duration(wanted.get("min", 0))


def _own(person: Person) -> list[Any]:
    return [device for id_, device in person.devices.items() if not id_.startswith("~")]


def _anchor(person: Person) -> int | None:
    return max((each.last_active for each in _own(person)), default=None)


def _since_visit(person: Person, at: int) -> int | None:
    if any(each.active for each in _own(person)):
        return 0
    anchor = _anchor(person)
    return None if anchor is None else at - anchor


def _last_day(person: Person) -> int | None:
    return max((order.day for order in person.orders.record), default=None)


def names(wanted: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = [("category", category(each)) for each in wanted.get("category", [])]
    return found + [("product", category(each)) for each in wanted.get("product", [])]


def _lately(times: dict[Any, int], wanted: dict[str, Any], at: int) -> bool:
    within = duration(wanted["within"])
    return any(name in times and at - times[name] < within for name in names(wanted))


def next_bound(person: Person, recipes: Recipes) -> int | None:
    """The first time after the last evaluation at which a duration crosses a bound."""
    times: list[int] = []
    for audience in recipes.audiences:
        members = audience["members"]
        for conditions in members if isinstance(members, list) else [members]:
            for name, wanted in conditions.items():
                if name == "since_visit" and not any(each.active for each in _own(person)):
                    times += _bounds(_anchor(person), wanted)
                if name == "since_order":
                    times += _bounds(_last_day(person), wanted)
                if name in ("viewed", "bought"):
                    known = person.viewed if name == "viewed" else person.bought_at
                    within = duration(wanted["within"])
                    times += [known[each] + within for each in names(wanted) if each in known]
    return min((time for time in times if time > person.looked_at), default=None)


def _bounds(since: int | None, wanted: dict[str, Any]) -> list[int]:
    return [] if since is None else [since + duration(each) for each in wanted.values()]


def look(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> tuple[list[str], list[str]]:
    """Publishes and returns the audiences left and entered; those left come first."""
    person.looked_at = at
    now = [
        each["name"]
        for each in recipes.audiences
        if not person.left and belongs(person, each["members"], at)
    ]
    return change(person, now, at, recipes, out, former)


def change(
    person: Person,
    now: list[str],
    at: int,
    recipes: Recipes,
    out: Outputs,
    former: Recipes | None = None,
) -> tuple[list[str], list[str]]:
    """Publishes the changes to `now`. `former`: the previous document; its removed audiences come first."""
    order = [each["name"] for each in recipes.audiences]
    gone = [each["name"] for each in former.audiences] if former is not None else []
    order = [name for name in gone if name not in order] + order
    left = [name for name in order if name in person.audiences and name not in now]
    entered = [name for name in now if name not in person.audiences]
    for kind, changed in (("left", left), ("entered", entered)):
        for name in changed:
            person.changes += 1
            text = f"{name}|{person.id}|{at}|{person.changes}"
            id_ = hashlib.sha256(text.encode()).hexdigest()[:32]
            out.audience(kind, name, person.id, id_, at)
    person.audiences = [name for name in person.audiences if name not in left] + entered
    return left, entered
