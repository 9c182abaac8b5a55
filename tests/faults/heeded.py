"""Orders that are heeded: no reminder is decided behind one that forbids it, whoever told of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from stream.recipes.recipe import Recipes
from tests.faults import oracle
from tests.faults.raw import Row
from tests.faults.verdict import Verdict
from tests.reference import events, reading
from tests.reference.times import DAY


def order(found: list[Row], facts: list[Row], recipes: Recipes, verdict: Verdict) -> None:
    """A trigger's header says before which fact it was decided. No order that its recipe looks back on
    stands before that. At equal times a deadline goes first; a repeated order is none; ids that were
    taken back, or over from another person, are left out."""
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
    for row, data in _reminders(found):
        due, recipe = data["not_before"], recipes.by_name[data["recipe"]]
        before = [o for o in placed[data["person"]] if o[0] < int(row.headers["offset"])]
        back = {id_ for _, _, id_, kind in before if kind != "order.placed"}
        first = {id_: at for _, at, id_, kind in sorted(before, key=_at, reverse=True)}
        for id_, at in first.items():
            if due - recipe.ordered_within < at < due and id_ not in back:
                verdict.broken["order"].append(f"{data['trigger_id']} at {due}, ordered at {at}")


def _at(placed: tuple[int, int, str, str]) -> int:
    return placed[1]


def _reminders(found: Iterable[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    """(record, data) of the triggers that the people stage decided."""
    for row in found:
        if row.topic.startswith("triggers."):
            data = json.loads(row.value or b"{}").get("data", {})
            if "not_before" in data and row.headers["topic"].endswith(b"visitor.facts"):
                yield row, data


class Order(NamedTuple):
    """`at` in ms · `whose`: the person of its visitor."""

    id: str
    at: int
    whose: str


KEPT_MS = 30 * DAY
"""An order is kept at a key, and a key itself behind its last claim."""
MOST_OWNERS, MOST_ORDERS = 8, 64


def named(
    found: list[Row],
    log: list[Row],
    claims: list[Row],
    recipes: Recipes,
    live: bool,
    verdict: Verdict,
) -> None:
    """Which orders name a key is told by the log, who is bound to it by the claims. Left out: keys of more
    persons or orders than a key keeps, and ids that were taken back."""
    bound, whose, back = _told(claims)
    names = _names(log, live) - {(key, id_, at) for key, id_, at in whose if id_ in back}
    orders: dict[str, list[Order]] = defaultdict(list)
    for key, id_, at in sorted(names, key=lambda each: each[2]):
        person = whose.get((key, id_, at))
        if id_ in back or any(order.id == id_ for order in orders[key]):
            continue
        if person is None:
            verdict.broken["named"].append(f"no claim tells {key} of {id_}, ordered at {at}")
        else:
            orders[key].append(Order(id_, at, person))
    forbidden: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for key, placed in orders.items():
        if len(bound[key]) <= MOST_OWNERS and len(placed) <= MOST_ORDERS:
            for order in placed:
                for person, since in _hearers(key, order, bound[key]):
                    forbidden[person].append((order.at, since, f"{key} by {order.id}"))
    for _, data in _reminders(found):
        due, within = data["not_before"], recipes.by_name[data["recipe"]].ordered_within
        for at, since, how in forbidden[data["person"]]:
            if due - within < at < due and since < due:
                told = f"{data['trigger_id']} of {data['person']} at {due}, ordered at {at}: {how}"
                verdict.broken["named"].append(told)


Bound = dict[str, dict[str, list[int]]]
"""By key: the persons, and when each was bound to it (ms)."""


def _told(claims: Iterable[Row]) -> tuple[Bound, dict[tuple[str, str, int], str], set[str]]:
    """(who is bound to a key, whose an order (key, id, ms) is, ids that were taken back)."""
    bound: Bound = defaultdict(lambda: defaultdict(list))
    whose, back = {}, set()
    for row in claims:
        claim = json.loads(row.value or b"{}")
        if claim["type"] == "bound":
            bound[claim["key"]][claim["person"]].append(claim["at"])
        elif claim["type"] == "order.placed":
            whose[claim["key"], claim["order_id"], claim["at"]] = claim["person"]
        elif claim["type"] == "order.cancelled":
            back.add(claim["order_id"])
    return bound, whose, back


def _names(log: Iterable[Row], live: bool) -> set[tuple[str, str, int]]:
    """(key, id, ms) of the orders of the log that name a key. An event that has another's id may be ignored."""
    found, seen = set(), set()
    for _, line in oracle.lines(log, live):
        time, event = events.read(line)
        if event is None or time is None or event.type != "order.placed":
            continue
        order = event.body["order"]
        again = (event.owner.visitor, event.id) in seen
        seen.add((event.owner.visitor, event.id))
        if not (again or order.get("recurring") or reading.nobody(order["id"])):
            keys = [*event.owner.keys, *[f"cart:{c}" for c in [order.get("cart_id")] if c]]
            found |= {(key, order["id"], time) for key in keys}
    return found


def _hearers(key: str, order: Order, bound: dict[str, list[int]]) -> Iterator[tuple[str, int]]:
    """(person, since when the order forbids): of all that the key names but who ordered. Two customers may
    share an address: each one's orders are their own."""
    for person, times in bound.items():
        two = person.startswith("customer:") and order.whose.startswith("customer:")
        parted = two and key.startswith(("email:", "phone:"))
        near = [at for at in times if abs(at - order.at) < KEPT_MS]
        if near and person != order.whose and not parted:
            yield person, max(order.at, min(near))
