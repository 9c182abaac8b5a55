"""The people stage of one partition of facts: one state per person, everything that waits.

Source: docs/semantics.md, 1 and 6. Facts are applied in the order (at, visitor, n), and only those before
the watermark; a person's deadlines at or before a fact's time fire first. Copies of a fact, which a crash
of the visitors stage may leave, take the same place and count once. Invariant: all facts before
`advanced` are in the states, and all deadlines up to it have fired.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, Final

import msgspec

from stream.episodes import lifecycle, orders, steps
from stream.episodes.visible_summary import Seen, remember
from stream.kinds import funnel, registry
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import fastest
from stream.stages.watermark import Watermark
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import AnyFact, Consented, Identified, Idle, Mark, Moved, Ordered, Unordered
from stream.state.orders import HandedOrder
from stream.state.person import FORGET_AFTER, Device, Person, trim
from stream.store.changelog import Changes, Entries
from stream.store.keyed import Keyed

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Person).decode


def _idle(person: Person, fact: Idle, recipes: Recipes, out: Outputs) -> None:
    summary = fact.summary
    person.visitors[fact.visitor] = Device(False, summary.last_active, summary.visits)
    seen = Seen(person, fact)
    remember(person, seen, fact.at)
    funnel.look(person, fact, seen, recipes, out)
    for look in registry.AT_IDLE:
        look(person, fact, seen, recipes, out)
    steps.plan_all(person, recipes, fact.at)


def _active(person: Person, fact: facts.Active, recipes: Recipes, out: Outputs) -> None:
    device = person.visitors.setdefault(fact.visitor, Device(True, fact.last_active))
    device.active = True
    device.last_active = fact.last_active
    steps.unplan(person)


def _moved(person: Person, fact: Moved, recipes: Recipes, out: Outputs) -> None:
    person.visitors.pop(fact.visitor, None)
    for episode in person.open_episodes():
        if episode.visitor == fact.visitor:
            lifecycle.close(person, episode, "moved", fact.at, recipes, out)
    steps.plan_all(person, recipes, fact.at)


def _identified(person: Person, fact: Identified, recipes: Recipes, out: Outputs) -> None:
    for order in sorted(fact.orders, key=lambda order: order.at):
        orders.place(person, order, fact.at, recipes, out)
    if fact.withdrawn:
        lifecycle.consent(person, fact.withdrawn, False, fact.at, out)
    for channel in fact.granted:
        person.consent.setdefault(channel, True)
    if fact.contacts is not None:
        person.contacts = fact.contacts
    if fact.traits_orders is not None:
        person.traits_orders = fact.traits_orders
    if fact.traits_value is not None:
        person.traits_value = fact.traits_value
    if fact.time_zone is not None:
        person.zone = fact.time_zone


def _ordered(person: Person, fact: Ordered, recipes: Recipes, out: Outputs) -> None:
    placed = HandedOrder(fact.order_id, fact.at, fact.recurring, fact.cart_id, fact.contents)
    orders.place(person, placed, fact.at, recipes, out)


def _unordered(person: Person, fact: Unordered, recipes: Recipes, out: Outputs) -> None:
    orders.cancel(person, fact)


def _consented(person: Person, fact: Consented, recipes: Recipes, out: Outputs) -> None:
    lifecycle.consent(person, fact.channels, fact.granted, fact.at, out, late=fact.late)


APPLY: Final[Mapping[type, Callable[[Person, Any, Recipes, Outputs], None]]] = {
    Idle: _idle,
    facts.Active: _active,
    Moved: _moved,
    Identified: _identified,
    Ordered: _ordered,
    Unordered: _unordered,
    Consented: _consented,
}


class People:
    """`inputs`: partitions of the input topic · `keys`: of the claims · `position`: the next offset of the facts."""

    def __init__(self, recipes: Recipes, inputs: int, keys: int = 0) -> None:
        self._recipes = recipes
        self._states: Keyed[Person] = Keyed(_encode, _decode, back=fastest().back)
        self._watermark = Watermark(inputs, keys)
        self._waiting: list[tuple[int, str, int, int, AnyFact]] = []
        self._offsets: OrderedDict[int, None] = OrderedDict()
        self._open: dict[str, int] = {}
        self.open_episodes = 0
        """Of all persons, as of the last call of `changes`; restored, those that wait for a step."""
        self.advanced = NEVER
        self.position = 0

    def add(self, records: Iterable[tuple[int, bytes | None]]) -> None:
        """Takes in (offset, value) of facts and marks; `advance` applies what is before the watermark."""
        for offset, value in records:
            if offset < self.position or value is None:
                continue
            self.take(offset, facts.decode(value))

    def take(self, offset: int, fact: AnyFact | Mark) -> None:
        """Takes in one fact or mark, of an offset not taken in before."""
        self.position = offset + 1
        if isinstance(fact, Mark):
            self._watermark.move(fact)
        elif fact.at >= self.advanced:
            heappush(self._waiting, (fact.at, fact.visitor, fact.n, offset, fact))
            self._offsets[offset] = None

    def advance(self, out: Outputs) -> None:
        """Applies the facts before the watermark and fires the deadlines up to it."""
        watermark = self._watermark.value
        if watermark <= self.advanced:
            return
        waiting = self._waiting
        while waiting and waiting[0][0] < watermark:
            _, _, _, offset, fact = heappop(waiting)
            del self._offsets[offset]
            self._apply(fact, out)
        for key, person in self._states.due(watermark):
            if self._fire(person, watermark, out):
                self._states.arm(key, person, person.deadline())
        self.advanced = watermark

    def _apply(self, fact: AnyFact, out: Outputs) -> None:
        states, key = self._states, fact.person
        place = fact.at, fact.visitor, fact.n
        person = states.live.get(key) or states.get(key)
        if person is not None:
            if place <= (person.applied, person.last_visitor, person.last_n):
                out.counts["facts", "copy"] += 1
                return
            if person.armed <= fact.at and not self._fire(person, fact.at, out):
                person = None
        if person is None:
            grave = states.grave(key)
            if type(fact) is Moved or (grave is not None and fact.at <= grave[0]):
                return
            person = Person(key)
            states.add(key, person)
        else:
            states.dirty[key] = person
        APPLY[type(fact)](person, fact, self._recipes, out)
        trim(person, fact.at)
        person.applied, person.last_visitor, person.last_n = place
        if person.armed <= fact.at:
            person.armed = NEVER
        states.arm(key, person, person.deadline())
        out.counts["facts", "applied"] += 1

    def _fire(self, person: Person, until: int, out: Outputs) -> bool:
        """Fires the deadlines at or before `until`; False if that forgot the person."""
        if person.deadline() > until:
            return True
        self._states.dirty[person.id] = person
        if steps.fire(person, until, self._recipes, out):
            return True
        self._states.forget(person.id, person)
        self._count_open(person.id, 0)
        return False

    @property
    def watermark(self) -> int:
        """The smallest evidence (ms) over all sources, -1 until all are known."""
        return self._watermark.value

    @property
    def committable(self) -> int:
        """The offset that may be committed once what `changes` gave at this moment has landed."""
        return next(iter(self._offsets), self.position)

    @property
    def next_deadline(self) -> int | None:
        """A lower bound (ms) of the time at which a deadline could fire."""
        return self._states.next_deadline

    @property
    def keys(self) -> int:
        return len(self._states)

    @property
    def size(self) -> int:
        """Bytes of the packed states, as of the last call of `changes`."""
        return self._states.size

    def _count_open(self, key: str, number: int) -> None:
        self.open_episodes += number - self._open.pop(key, 0)
        if number:
            self._open[key] = number

    def changes(self) -> Changes:
        """Changelog records since the last call, to land in this order; the last vouches for the rest."""
        for key, person in self._states.dirty.items():
            self._count_open(key, len(person.open_episodes()))
        first = self.position > 0 and not self._states.written
        return self._states.changes((self.advanced, 0, 0), first)

    @property
    def written(self) -> bool:
        """Whether anything was ever written down: it was, before any offset was committed."""
        return self._states.written

    def rest(self) -> None:
        """In place of `changes` where nothing is written down: keeps what is held in its bounds."""
        self._states.rest()

    def committed(self, offset: int) -> None:
        """What was forgotten may be buried, if the clock that has landed vouches for it: behind that, copies may come."""
        self._states.committed(self._states.clock[0])

    def restore(self, records: Entries) -> None:
        """Records of the changelog, in its order. Raises NewerState."""
        self._states.restore(records)

    def restored(self) -> None:
        """All records of the changelog are in: goes on from where they left off."""
        self.advanced, _, _ = self._states.restored()
        for key, person in self._states.armed_within(FORGET_AFTER):
            self._count_open(key, len(person.open_episodes()))
        self._states.reach(self.advanced)
