"""Finds what the changelogs keep of persons. One pass over them serves many persons."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from agents.erasure import age, search
from agents.erasure.states import Changelogs, key_of, person_of, visitor_of
from agents.erasure.wanted import ErasedNames
from agents.explain import own_records
from agents.kafka.topics import STATE_KEYS, STATE_PEOPLE, STATE_VISITORS
from agents.worker.producer import AUDIENCES
from stream.outputs.audience_changes import LEFT
from stream.state.key import Key
from stream.state.visitor import Visitor


class Sought:
    """A person to find.

    - `given`: the names to begin with · `until` (ms): a state that began later is not found. None: every state is, and
      the owners of the given keys belong to the person
    - `wanted`: all names, as far as they are known · `visitors`: the states that were found,
      by id · `keys`: with `until`, the ids of those of keys
    - `left`: record keys of audiences that the person has left. Workers delete only those of the recipes in force
    """

    def __init__(self, given: ErasedNames, until: int | None = None) -> None:
        self.given, self.until = given, until
        self.wanted = given.copy()
        self.visitors: dict[str, Visitor] = {}
        self.keys = set[str]()
        self.left: list[str] = []

    @property
    def is_kept(self) -> bool:
        """Whether something of the person is to be erased."""
        return bool(self.has_states or self.left)

    @property
    def has_states(self) -> bool:
        """Whether events have something to erase. A key alone names nobody: it needs a customer beside it."""
        return bool(self.visitors or (self.keys and self.wanted.customers))

    def begin(self) -> None:
        self.visitors, self.keys = {}, set()

    def take_visitor(self, state: Visitor) -> None:
        if self._counts(state) and search.of_visitor(state, self.wanted):
            self.visitors[state.id] = state

    def _counts(self, state: Visitor) -> bool:
        """Whether a visitor may be found: it had begun by `until`, and is not another customer's.

        Somebody who logs out begins anew. Nothing then says since when the visitor had been theirs, so it counts.
        """
        if self.until is None or state.former in self.wanted.people:
            return True
        others = state.customer is not None and state.customer not in self.wanted.customers
        return not others and age.of_visitor(state) <= self.until

    def take_key(self, state: Key) -> None:
        if self.until is None:
            search.of_key(state, self.wanted, self.given.keys)
            return
        people = self.wanted.people
        if search.mentions(state, people) and age.of_key(state, people) <= self.until:
            self.wanted.keys.add(state.id)
            self.keys.add(state.id)

    def take_change(self, key: str, value: bytes | None) -> None:
        """Takes the next record that the topic of audiences has of the person."""
        change = None if value is None else own_records.change(value)
        if key in self.left:
            self.left.remove(key)
        if change is None or change["type"] != LEFT:
            return
        if self.until is None or change["data"]["at"] <= self.until:
            self.left.append(key)


async def find(changelogs: Changelogs, persons: Sequence[Sought]) -> None:
    """Finds the names and the states of the persons. Searches again until no name is new. Raises UnreadableState."""
    everything = any(each.until is None for each in persons)
    while True:
        before = [each.wanted.names for each in persons]
        needles = list({needle for each in persons for needle in each.wanted.needles()})
        for each in persons:
            each.begin()
        for visitor in await _decoded(changelogs, STATE_VISITORS, needles, visitor_of):
            for each in persons:
                each.take_visitor(visitor)
        for key in await _decoded(changelogs, STATE_KEYS, needles, key_of):
            for each in persons:
                each.take_key(key)
        if everything:
            for person in await _decoded(changelogs, STATE_PEOPLE, needles, person_of):
                for each in persons:
                    search.of_person(person, each.wanted)
        if [each.wanted.names for each in persons] == before:
            return


async def _decoded(changelogs: Changelogs, topic: str, needles: list[bytes], of: Any) -> list[Any]:
    return [of(value) for value in (await changelogs.states(topic, needles)).values()]


async def find_left(changelogs: Changelogs, persons: Sequence[Sought]) -> None:
    """Finds the audiences that the persons have left."""
    whose = defaultdict[str, list[Sought]](list)
    for each in persons:
        for person in each.wanted.people:
            whose[person].append(each)
    async for row in changelogs.rows(AUDIENCES):
        for each in whose.get(row.key.partition("|")[2], ()):
            each.take_change(row.key, row.value)
