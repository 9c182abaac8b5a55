"""The people stage of one partition of facts: one state for each person. Reminders are decided here.

Source: docs/semantics.md, 1 and 6. `waiting.py` says how facts wait and in which order they are applied.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from stream.events.records import Block
from stream.kinds import membership
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages import documents, erasing, life_facts, moments, people_backend
from stream.stages.backend import best_backend
from stream.stages.person_facts import APPLY
from stream.stages.waiting import Value, WaitingStage
from stream.stages.watermark import Watermark
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import (
    AnyFact,
    Moved,
)
from stream.state.person import Person
from stream.state.trimming import trim
from stream.store import packing
from stream.store.changelog import HEADER, Changes
from stream.store.every_state import EveryState
from stream.store.keyed import Keyed
from stream.store.stretches import in_parts

_MAKES_NOBODY: Final = frozenset((Moved, facts.Supplemented))


class People(WaitingStage[Person, AnyFact]):
    """The people stage. `inputs`: partitions of the input topic · `keys`: partitions of the claims."""

    counted = "facts"

    def __init__(
        self, recipes: Recipes | History, inputs: int, keys: int = 0, *, compiled: bool = True
    ) -> None:
        """`compiled`: whether the compiled part applies the frequent facts, if it is built."""
        back = best_backend().back
        states: Keyed[Person] = Keyed(packing.encode, packing.decode, back=back, compiled=compiled)
        super().__init__(states, Watermark(inputs, keys), facts.decode)
        self._history = History.of(recipes)
        self._compiled = people_backend.COMPILED if compiled else None
        self._use(self._history.at(self._turned))
        self._looking: EveryState[Person] | None = None
        """The persons to whom a new document is not applied yet; None while no document comes into force."""
        self.members: Counter[str] = Counter()
        """The number of members by audience."""
        self._open: dict[str, int] = {}
        self.open_episodes = 0
        """The open episodes of all persons, as of the last call of `changes` or of the restore."""

    def _follow(self) -> None:
        """Uses the recipes that are in force at the clock."""
        recipes = self._history.at(self._turned)
        if recipes is not self._recipes:
            self._use(recipes)

    def _use(self, recipes: Recipes) -> None:
        self._recipes, self._keep = recipes, recipes.policy.keep
        self._rules = people_backend.prepared(recipes)

    def _next_turn(self) -> int | None:
        return self._history.next_after(self._turned)

    def _turn(self, time: int, most: int, out: Outputs) -> bool:
        states, before, now = self._states, self._recipes, self._history.at(time)
        if self._looking is None:
            self._looking = EveryState(states, packing.encode, packing.decode, time)
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
        return type(record) not in _MAKES_NOBODY

    def _ends(self, record: AnyFact) -> bool:
        return type(record) is facts.Erased

    def _deadline(self, state: Person) -> int:
        if self._compiled is None:
            return state.deadline(self._keep)
        return self._compiled.deadline(state, self._keep)

    def _apply_to(self, state: Person, record: AnyFact, out: Outputs) -> None:
        kind, recipes = type(record), self._recipes
        if isinstance(record, facts.Erased):
            erasing.end_person(state, record, recipes, out)
            return
        keeps = type(record) is facts.Active and membership.keeps_audiences(
            state, record, recipes.audiences
        )
        life_facts.arrives(state, record)
        APPLY[kind](state, record, recipes, out)
        if kind is not facts.Active:  # an active fact adds nothing that is bounded
            trim(state, record.at)
        if not keeps and (recipes.follows or state.life is not None):
            life_facts.settle(state, record.at, recipes, out)

    def _fire(self, state: Person, until: int, out: Outputs) -> bool:
        return moments.fire(state, until, self._recipes, out)

    def add(self, records: Iterable[Value | Block]) -> None:
        if self._compiled is None:
            super().add(records)
            return
        waiting = self._waiting, self._offsets, self._watermark.move
        self.position = self._compiled.add(
            records, self._decode, self.position, self.advanced, *waiting
        )

    def _apply_waiting(self, before: int, most: int, out: Outputs) -> int:
        if self._compiled is None:
            return super()._apply_waiting(before, most, out)
        states, waiting = self._states, (self._waiting, before, most, self._offsets)
        kept = states.live, states.dirty
        called = out, self._apply, states.set_timer, self._at_hand
        taken, applied = self._compiled.apply(*waiting, kept, self._rules, called)
        if applied:
            out.counts[self.counted, "applied"] += applied
        return taken

    def _at_hand(self, key: str, at: int) -> Person | None:
        """The person of a fact at `at` (ms), decoded, or created if there is none. None: the fact has no effect."""
        return self._states.get(key) or self._created(key, at)

    def _fire_all(self, rows: list[tuple[str, Person]], until: int, out: Outputs) -> None:
        if self._compiled is None:
            super()._fire_all(rows, until, out)
            return
        states, fires = self._states, partial(self._fire_one, until, out)
        timers = states.dirty, states.set_timer, states.arm
        self._compiled.fire_all(rows, until, self._rules, out, *timers, fires)

    def _forgotten(self, key: str) -> None:
        self._count_open(key, 0)

    def _count_open_of(self, persons: Mapping[str, Person]) -> None:
        for key, person in persons.items():
            self._count_open(key, len(person.open_episodes()))

    def _count_open(self, key: str, number: int) -> None:
        before = self._open.get(key, 0)
        self.open_episodes += number - before
        if number:
            # in its place: a table that loses and gains keys is made anew again and again
            self._open[key] = number
        elif before:
            del self._open[key]

    def pack_ahead(self, most: int) -> Mapping[str, Person]:
        packed = super().pack_ahead(most)
        self._count_open_of(packed)
        return packed

    def parts(self) -> Iterator[Changes]:
        for dirty in in_parts(self._states.dirty):
            self._count_open_of(dirty)
            yield []
        yield from super().parts()

    def advance(self, out: Outputs) -> None:
        self._follow()
        before = len(out.audiences)
        super().advance(out)
        for audience, _, _, entered, value in out.audiences[before:]:
            if value is None:
                continue
            self.members[audience] += 1 if entered else -1

    def restored(self) -> None:
        super().restored()
        self._follow()
        found: Counter[bytes] = Counter()
        for key, value in self._states.held[2].items():
            if len(value) == HEADER.size:
                continue
            head = packing.head(value, HEADER.size)
            if head is not None:
                found[head.audiences] += 1
                self._count_open(key, head.open)
            elif self._waits_for_a_step(value):
                person = packing.decode(memoryview(value)[HEADER.size :])
                self._count_open(key, len(person.open_episodes()))
        for names, persons in found.items():
            for name in names.decode().split():
                self.members[name] += persons

    def _waits_for_a_step(self, value: bytes) -> bool:
        """Whether a packed state without a head has a deadline before the one that forgets it.

        An open life episode may wait for longer. Earlier releases packed it without a head, unless the person had a
        life record: it is not counted until its state is packed again.
        """
        _, applied, deadline, _ = HEADER.unpack_from(value)
        return bool(NEVER < deadline < applied + self._keep)
