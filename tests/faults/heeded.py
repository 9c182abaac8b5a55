"""Checks that no reminder is decided after an order that forbids it. Orders of others by a key: named.py."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from stream.recipes.recipe import Recipes
from tests.faults.raw import Row
from tests.faults.verdict import Verdict


def order(found: list[Row], facts: list[Row], recipes: Recipes, verdict: Verdict) -> None:
    """A trigger's header has the fact offset before which it was decided. No order within its recipe's `ordered_within`
    is before that. At equal times a deadline fires first. Repeated orders do not count. Order ids that were
    cancelled, or taken over from another person, are left out."""
    placed: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for row in facts:
        fact = json.loads(row.value or b"{}")
        if fact.get("recurring"):
            continue
        if fact["type"] in ("order.placed", "order.cancelled"):
            one = row.offset, fact["at"], fact["order_id"], fact["type"]
            placed[fact["person"]].append(one)
        elif fact["type"] == "visitor.identified":
            for id_, at, *_ in fact.get("orders", ()):
                placed[fact["person"]].append((row.offset, at, id_, "taken over"))
    for row, data in reminders(found):
        due, recipe = data["not_before"], recipes.by_name[data["recipe"]]
        before = [o for o in placed[data["person"]] if o[0] < int(row.headers["offset"])]
        back = {id_ for _, _, id_, kind in before if kind != "order.placed"}
        first = {id_: at for _, at, id_, kind in sorted(before, key=_at, reverse=True)}
        for id_, at in first.items():
            if due - recipe.ordered_within < at < due and id_ not in back:
                verdict.broken["order"].append(f"{data['trigger_id']} at {due}, ordered at {at}")


def _at(placed: tuple[int, int, str, str]) -> int:
    return placed[1]


def reminders(found: Iterable[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    """(record, data) of the triggers that the people stage decided."""
    for row in found:
        if row.topic.startswith("triggers."):
            data = json.loads(row.value or b"{}").get("data", {})
            if "not_before" in data and row.headers["topic"].endswith(b"visitor.facts"):
                yield row, data
