"""Orders that name a key of identity: every owner of the key, also a later one, must get them.

The owners follow from the claims, applied here again in the order of their places. Source: docs/semantics.md, 11.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stream.recipes.recipe import Recipes
from tests.faults import heeded, oracle
from tests.faults.raw import Row
from tests.faults.verdict import Verdict
from tests.reference import events, reading
from tests.reference.times import DAY

KEPT_MS = 30 * DAY
"""Ms for which a key keeps an order, and for which the key is kept after its last claim."""
MOST_OWNERS, MOST_ORDERS = 8, 64
Claim = dict[str, Any]


class Order(NamedTuple):
    """`at` in ms · `whose`: the person of its visitor."""

    id: str
    at: int
    whose: str


class Heard(NamedTuple):
    """`since` (ms): when the order reached the person."""

    person: str
    order: Order
    since: int


@dataclass
class Key:
    """`owners`: when each was bound last (ms), the last bound one at the end · `shared`: more than eight were bound
    within a day."""

    name: str
    owners: dict[str, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    shared: bool = False
    told: int = 0

    def take(self, claim: Claim) -> Iterator[Heard]:
        """Applies one claim. Yields the persons who get an order by it."""
        at = claim["at"]
        if self.told + KEPT_MS <= at:
            self.owners, self.orders, self.shared = {}, [], False
        self.told = at
        self.orders = [order for order in self.orders if order.at > at - KEPT_MS]
        if claim["type"] == "bound":
            yield from self._bound(claim["person"], at)
        elif claim["type"] == "order.placed":
            yield from self._placed(Order(claim["order_id"], at, claim["person"]))
        elif claim["type"] == "order.cancelled":
            self._cancelled(claim["order_id"], claim.get("unpaid"))

    def _bound(self, person: str, at: int) -> Iterator[Heard]:
        if person not in self.owners:
            lately = [bound for bound in self.owners.values() if at - bound < DAY]
            self.shared = self.shared or len(lately) == MOST_OWNERS
            if not self.shared:
                yield from (Heard(person, o, at) for o in self.orders if self._hears(person, o))
        self.owners.pop(person, None)
        self.owners = dict([*self.owners.items(), (person, at)][-MOST_OWNERS:])

    def _placed(self, order: Order) -> Iterator[Heard]:
        nobody = reading.nobody(order.id)
        if any(o.id == order.id and (o.at == order.at or not nobody) for o in self.orders):
            return
        self.orders = [*self.orders, order][-MOST_ORDERS:]
        hearers = [person for person in self.owners if self._hears(person, order)]
        for person in hearers[-1:] if self.shared else hearers:
            yield Heard(person, order, order.at)

    def _cancelled(self, id_: str, unpaid: list[int] | None) -> None:
        meant = [order for order in self.orders if order.id == id_]
        meant = meant[-1:] if reading.nobody(id_) else meant
        if unpaid is not None:
            meant = [order for order in meant if unpaid[0] <= order.at < unpaid[1]]
        self.orders = [order for order in self.orders if order not in meant]

    def _hears(self, person: str, order: Order) -> bool:
        """Whether a person gets an order. Two customers with one address do not get each other's orders."""
        two = person.startswith("customer:") and order.whose.startswith("customer:")
        parted = two and self.name.startswith(("email:", "phone:"))
        return person != order.whose and not parted


def named(
    found: list[Row],
    log: list[Row],
    claims: list[Row],
    facts: list[Row],
    recipes: Recipes,
    live: bool,
    verdict: Verdict,
) -> None:
    """Checks orders by key. The log has the orders that name a key, the claims its owners. Cancelled order ids are left
    out, and orders that repeat an id of the person's record, which the facts show: they do nothing."""
    by_key = _told(claims)
    every = [claim for told in by_key.values() for claim in told]
    placed = {(c["key"], c["order_id"], c["at"]) for c in every if c["type"] == "order.placed"}
    back = {claim["order_id"] for claim in every if claim["type"] == "order.cancelled"}
    first = {(key, id_): at for key, id_, at in sorted(_names(log, live), key=_at, reverse=True)}
    for (key, id_), at in first.items():
        if id_ not in back and (key, id_, at) not in placed:
            verdict.broken["named"].append(f"no claim tells {key} of {id_}, ordered at {at}")
    entered = _entered(facts)
    forbidden: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for key, told in by_key.items():
        state = Key(key)
        for person, order, since in (heard for claim in told for heard in state.take(claim)):
            repeated = any(at < order.at and by <= since for at, by in entered[person, order.id])
            if not (repeated or order.id in back or reading.nobody(order.id)):
                forbidden[person].append((order.at, since, f"{key} by {order.id}"))
    for _, data in heeded.reminders(found):
        due, within = data["not_before"], recipes.by_name[data["recipe"]].ordered_within
        for at, since, how in forbidden[data["person"]]:
            if due - within < at < due and since < due:
                said = f"{data['trigger_id']} of {data['person']} at {due}, ordered at {at}: {how}"
                verdict.broken["named"].append(said)


def _told(claims: Iterable[Row]) -> dict[str, list[Claim]]:
    """The claims of each key in the order of their places, copies once."""
    found: dict[str, dict[tuple[int, str, int], Claim]] = defaultdict(dict)
    for row in claims:
        claim = json.loads(row.value or b"{}")
        if "key" in claim:
            found[claim["key"]].setdefault((claim["at"], claim["visitor"], claim["n"]), claim)
    return {key: [told[place] for place in sorted(told)] for key, told in found.items()}


def _entered(facts: Iterable[Row]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(ms of the order, ms at which the person got it) by person and order id."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for row in facts:
        fact = json.loads(row.value or b"{}")
        orders = fact.get("orders", ())
        if fact.get("type") == "order.placed":
            orders = [(fact["order_id"], fact["at"])]
        for id_, at, *_ in orders:
            found[fact["person"], id_].append((at, fact["at"]))
    return found


def _at(name: tuple[str, str, int]) -> int:
    return name[2]


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
