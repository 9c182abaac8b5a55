"""The people stage of one partition of facts: one state per person, everything that waits.

Source: docs/semantics.md, 1 and 6. How facts wait, and in which order they are applied, stands in stage.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from stream.episodes import lifecycle, orders, steps, watches
from stream.episodes.visible_summary import VisibleSummary, remember
from stream.kinds import funnel, membership, registry
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages import documents, life_facts, moments
from stream.stages.backend import best_backend
from stream.stages.waiting import WaitingStage
from stream.stages.watermark import Watermark
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import (
    AnyFact,
    Consented,
    Identified,
    Idle,
    Moved,
    Ordered,
    Subscribed,
    Unordered,
)
from stream.state.orders import HandedOrder
from stream.state.person import Person, PersonVisitor
from stream.state.trimming import trim, trim_visitors
from stream.store.changelog import Changes
from stream.store.every_state import EveryState
from stream.store.keyed import Keyed
from stream.store.last_field import packer
from stream.store.stretches import in_parts

_encode: Final = packer(Person)
_decode: Final = msgspec.msgpack.Decoder(Person).decode


def _idle(person: Person, fact: Idle, recipes: Recipes, out: Outputs) -> None:
    summary = fact.summary
    person.visitors[fact.visitor] = PersonVisitor(False, summary.last_active, summary.visits)
    if recipes.audiences.named:
        membership.viewed(person, summary, recipes.audiences)
    seen = VisibleSummary(person, fact)
    remember(person, seen, fact.at)
    funnel.look(person, fact, seen, recipes, out)
    for look in registry.AT_IDLE:
        look(person, fact, seen, recipes, out)
    steps.plan_all(person, recipes, fact.at)


def _active(person: Person, fact: facts.Active, recipes: Recipes, out: Outputs) -> None:
    device = person.visitors.get(fact.visitor)
    if device is None:
        person.visitors[fact.visitor] = PersonVisitor(True, fact.last_active)
        trim_visitors(person)
    else:
        device.active = True
        device.last_active = fact.last_active
    steps.unplan(person)


def _moved(person: Person, fact: Moved, recipes: Recipes, out: Outputs) -> None:
    person.visitors.pop(fact.visitor, None)
    for episode in person.open_episodes():
        own = episode.visitor == fact.visitor if episode.course is None else not person.is_known
        if own:
            lifecycle.close(person, episode, "moved", fact.at, recipes, out)
    life_facts.moved(person, fact)
    watches.leave(person, fact.visitor)
    steps.plan_all(person, recipes, fact.at)


def _identified(person: Person, fact: Identified, recipes: Recipes, out: Outputs) -> None:
    watches.go_along(person, fact.watches, fact.visitor, fact.at)
    for order in sorted(fact.orders, key=lambda order: order.at):
        done = orders.place(person, order, fact.at, recipes, out)
        life_facts.placed(person, order.whole, done, fact, recipes, out)
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
    life_facts.handed_over(person, fact, recipes, out)


def _ordered(person: Person, fact: Ordered, recipes: Recipes, out: Outputs) -> None:
    placed = HandedOrder(fact.order_id, fact.at, fact.recurring, fact.cart_id, fact.contents)
    placed.whole = fact.whole
    done = orders.place(person, placed, fact.at, recipes, out)
    life_facts.placed(person, fact.whole, done, fact, recipes, out)


def _unordered(person: Person, fact: Unordered, recipes: Recipes, out: Outputs) -> None:
    gone = orders.cancel(person, fact)
    life_facts.taken_out(person, gone, fact.at, recipes, out)


def _consented(person: Person, fact: Consented, recipes: Recipes, out: Outputs) -> None:
    lifecycle.consent(person, fact.channels, fact.granted, fact.at, out, late=fact.late)


def _subscribed(person: Person, fact: Subscribed, recipes: Recipes, out: Outputs) -> None:
    lifecycle.consent(person, fact.channels, True, fact.at, out, late=fact.late)
    life_facts.subscribed(person, fact, recipes, out)


def _decided(person: Person, fact: facts.OnsiteDecided, recipes: Recipes, out: Outputs) -> None:
    watches.begin(person, fact.about, fact.visitor)


APPLY: Final[Mapping[type, Callable[[Person, Any, Recipes, Outputs], None]]] = {
    Idle: _idle,
    facts.Active: _active,
    Moved: _moved,
    Identified: _identified,
    Ordered: _ordered,
    Unordered: _unordered,
    Consented: _consented,
    Subscribed: _subscribed,
    facts.Supplemented: life_facts.supplemented,
    facts.Delivered: life_facts.delivered,
    facts.OnsiteDecided: _decided,
}


class People(WaitingStage[Person, AnyFact]):
    """`inputs`: partitions of the input topic · `keys`: of the claims."""

    counted = "facts"

    def __init__(self, recipes: Recipes | History, inputs: int, keys: int = 0) -> None:
        states: Keyed[Person] = Keyed(_encode, _decode, back=best_backend().back)
        super().__init__(states, Watermark(inputs, keys), facts.decode)
        self._history = History.of(recipes)
        self._follow()
        self._looking: EveryState[Person] | None = None
        """Those that are to be looked at by a new document, while that goes on."""
        self.members: Counter[str] = Counter()
        """Of each audience."""
        self._open: dict[str, int] = {}
        self.open_episodes = 0
        """Of all persons, as of the last call of `changes`; restored, those that wait for a step."""

    def _follow(self) -> None:
        """The document that is in force from here on."""
        self._recipes = self._history.at(self._turned)
        self._keep = self._recipes.policy.keep

    def _next_turn(self) -> int | None:
        return self._history.next_after(self._turned)

    def _turn(self, time: int, most: int, out: Outputs) -> bool:
        states, before, now = self._states, self._recipes, self._history.at(time)
        if self._looking is None:
            self._looking = EveryState(states, _encode, _decode)
        gone: list[Person] = []
        for key, person in self._looking.some(most):
            if not documents.turn(person, time, before, now, out):
                gone.append(person)
                continue
            deadline = person.deadline(now.policy.keep)
            if deadline < person.armed or person.armed == NEVER:
                states.arm(key, person, deadline)
        for person in gone:
            states.live[person.id] = person
            states.forget(person.id, person)
            self._forgotten(person.id)
        if self._looking:
            return False
        self._looking, self._turned = None, time
        self._follow()
        return True

    def _whose(self, record: AnyFact) -> str:
        return record.person

    def _new(self, key: str) -> Person:
        return Person(key)

    def _begins(self, record: AnyFact) -> bool:
        return type(record) is not Moved and type(record) is not facts.Supplemented

    def _deadline(self, state: Person) -> int:
        return state.deadline(self._keep)

    def _apply_to(self, state: Person, record: AnyFact, out: Outputs) -> None:
        kind, recipes = type(record), self._recipes
        life_facts.arrives(state, record)
        APPLY[kind](state, record, recipes, out)
        if kind is not facts.Active:  # which brings nothing else that has a bound
            trim(state, record.at)
        if recipes.follows or state.life is not None:
            life_facts.settle(state, record.at, recipes, out)

    def _fire(self, state: Person, until: int, out: Outputs) -> bool:
        return moments.fire(state, until, self._recipes, out)

    def _forgotten(self, key: str) -> None:
        self._count_open(key, 0)

    def _count_open(self, key: str, number: int) -> None:
        self.open_episodes += number - self._open.pop(key, 0)
        if number:
            self._open[key] = number

    def parts(self) -> Iterator[Changes]:
        for dirty in in_parts(self._states.dirty):
            for key, person in dirty.items():
                self._count_open(key, len(person.open_episodes()))
            yield []
        yield from super().parts()

    def advance(self, out: Outputs) -> None:
        self._follow()
        before = len(out.audiences)
        super().advance(out)
        for audience, _, _, entered, _ in out.audiences[before:]:
            self.members[audience] += 1 if entered else -1

    def restored(self) -> None:
        super().restored()
        self._follow()
        every = bool(self._recipes.audiences)
        for key, person in self._states.armed_within(None if every else self._keep):
            self._count_open(key, len(person.open_episodes()))
            if person.life is not None:
                self.members.update(person.life.audiences.keys())
