"""Counts the results of a run, and writes them as text. Pure."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from stream.outputs.audience_changes import ENTERED
from stream.outputs.triggers import CANCELLED
from stream.recipes.recipe import Recipes

Record = Mapping[str, Any]

TELLING: Final = ("cooldown", "cap", "consent", "ordered", "lower_priority", "unreachable")
"""Refusals worth an example, the most interesting first."""


class Results(NamedTuple):
    """The values of all triggers and cancels, of all decisions, and of all changes of audiences; each only once."""

    triggers: frozenset[bytes]
    decisions: frozenset[bytes]
    changes: frozenset[bytes] = frozenset()

    def holds(self, other: "Results") -> bool:
        """Whether these results include all of the other ones."""
        return all(mine >= theirs for mine, theirs in zip(self, other, strict=True))


class Latency(NamedTuple):
    """Latencies (ms) of a number of triggers."""

    triggers: int
    p50: int
    p99: int
    most: int


def latency(times: Sequence[int]) -> Latency | None:
    """The latencies of these times (ms); None if there are none."""
    ranked = sorted(times)
    if not ranked:
        return None
    last = len(ranked) - 1
    return Latency(len(ranked), ranked[last // 2], ranked[-(-last * 99 // 100)], ranked[-1])


def summary(results: Results) -> Iterator[str]:
    """Triggers by recipe, refusals, deferrals and closings by reason."""
    fired: Counter[str] = Counter()
    cancelled: Counter[str] = Counter()
    for trigger in map(json.loads, results.triggers):
        counted = cancelled if trigger["type"] == CANCELLED else fired
        counted[trigger["data"]["recipe"]] += 1
    outcomes: dict[str, Counter[str]] = {
        name: Counter() for name in ("refused", "deferred", "closed")
    }
    for decision in map(json.loads, results.decisions):
        if decision["outcome"] in outcomes:
            outcomes[decision["outcome"]][decision["reason"]] += 1
    yield from _table("Triggers by recipe", fired)
    yield from _table("Cancelled", cancelled)
    yield from _table("Held back, by reason", outcomes["refused"])
    yield from _table("Deferred, by reason", outcomes["deferred"])
    yield from _table("Ended early, by reason", outcomes["closed"])


def _table(title: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"{title}: {counts.total()}"
        for name, count in counts.most_common():
            yield f"{count:>9} {name}"


def of_each_kind(triggers: Iterable[bytes], recipes: Recipes) -> dict[str, Record]:
    """The data of the first trigger of each kind."""
    found: dict[str, Record] = {}
    for event in map(json.loads, sorted(triggers)):
        data = event["data"]
        recipe = recipes.by_name.get(data["recipe"])
        if recipe is not None and event["type"] != CANCELLED:
            known = found.setdefault(recipe.kind, data)
            if data["not_before"] < known["not_before"]:
                found[recipe.kind] = data
    return found


def sizes(changes: Iterable[bytes]) -> Counter[str]:
    """The number of members of each audience after these changes. No change may repeat."""
    found: Counter[str] = Counter()
    for event in map(json.loads, changes):
        found[event["data"]["audience"]] += 1 if event["type"] == ENTERED else -1
    return found


def member(changes: Iterable[bytes], audience: str) -> str | None:
    """The member who entered the audience last."""
    last: dict[str, tuple[int, bool]] = {}
    for event in map(json.loads, changes):
        data = event["data"]
        if data["audience"] == audience:
            change = data["at"], event["type"] == ENTERED
            last[data["person"]] = max(change, last.get(data["person"], change))
    inside = [(at, person) for person, (at, is_in) in last.items() if is_in]
    return max(inside)[1] if inside else None


def examples(
    results: Results, weight: Mapping[str, int]
) -> tuple[str | None, str | None, str | None]:
    """Three persons with short stories: (one who got a reminder, one with a refused step, one whose reminders ended with an
    order of a server that knew no visitor). None where nobody fits.

    `weight`: the number of events of each visitor.
    """
    decisions = [json.loads(value) for value in results.decisions]

    def shortest(chosen: Iterable[Record]) -> str | None:
        known = [each for each in chosen if each["person"].startswith("customer:")] or list(chosen)
        return min(
            (each["person"] for each in known),
            key=lambda person: (load[person] + 4 * answers[person], person),
            default=None,
        )

    answers = Counter(each["person"] for each in decisions)
    visitors: dict[str, set[str]] = {}
    for each in decisions:
        visitors.setdefault(each["person"], set()).update(filter(None, [each["visitor"]]))
    load = {
        person: sum(weight.get(visitor, 0) for visitor in own) for person, own in visitors.items()
    }
    reminded = [e for e in decisions if e["outcome"] == "fired" and e["recipe"] != "exit-intent"]
    refused = [e for e in decisions if e["outcome"] == "refused" and e["recipe"] != "exit-intent"]
    for reason in TELLING:
        if any(each["reason"] == reason for each in refused):
            refused = [each for each in refused if each["reason"] == reason]
            break
    bought = {each["person"] for each in decisions if each.get("reason") == "converted"}
    names = _names(results)
    by_key = [
        each
        for each in reminded
        if each["person"] in bought and names[each["person"]] & weight.keys()
    ]
    return shortest(reminded), shortest(refused), shortest(by_key)


def _names(results: Results) -> dict[str, set[str]]:
    """The pseudo-visitors that a server's events have, by the person of a trigger."""
    names: dict[str, set[str]] = defaultdict(set)
    for trigger in map(json.loads, results.triggers):
        person, cart = trigger["data"]["person"], trigger["data"].get("cart")
        names[person] |= {f"~{person}"} | ({f"~cart:{cart['id']}"} if cart else set())
    return names
