"""Says in which audiences a person is, why and since when, and what will change if nothing more happens.

The core decides: it fires the deadlines of a copy of the state. Source: docs/semantics-life.md, 13.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from agents.explain.conditions_text import Asked, Clock, of_person
from agents.explain.standing import Standing
from stream.outputs.outputs import Outputs
from stream.recipes.audiences import Audience
from stream.recipes.recipe import Recipes
from stream.stages import moments
from stream.state.person import Person
from stream.store import packing

FAR: Final = 10_000
"""The largest number of deadlines that fire. A person has fewer: one for each step, bound and watch."""


class Belonging(Struct, frozen=True):
    """A membership. `since`: ms · `because`: the conditions that hold · `leaves`: when time alone ends it (ms); None: never
    · `when_left`: the conditions that no longer hold then."""

    audience: str
    since: int
    because: list[str]
    leaves: int | None = None
    when_left: str = ""


class Coming(Struct, frozen=True):
    """An audience that the person enters at `at` (ms) if nothing happens."""

    audience: str
    at: int


class Outlook(Struct, frozen=True):
    """`at`: the time of the state (ms) · `forgotten`: when the person is forgotten if nothing happens (ms)."""

    at: int
    belongs: list[Belonging]
    comes: list[Coming]
    forgotten: int | None
    is_here: bool
    """Whether a visitor is active. Times since a visit count from its end."""


def of(person: Person, recipes: Recipes, at: int, clock: Clock) -> Outlook:
    """The outlook of a person at `at` (ms), by the document in force. The person is not changed."""
    held = person.life.audiences if person.life is not None else {}
    known = {each.name: each for each in recipes.audiences.all}
    ahead = _Ahead(person, recipes, at, clock)
    belongs = [ahead.belonging(known[name], since) for name, since in held.items() if name in known]
    comes = [Coming(name, time) for name, time in ahead.entered.items() if name not in held]
    return Outlook(at, belongs, comes, ahead.forgotten, person.is_active)


class _Ahead:
    """Fires the deadlines of a copy of the person, and notes when it first enters and leaves each audience."""

    def __init__(self, person: Person, recipes: Recipes, at: int, clock: Clock) -> None:
        self.recipes, self.at, self.clock = recipes, at, clock
        self.now = Standing(person, at)
        self.entered: dict[str, int] = {}
        self.left: dict[str, tuple[int, Standing]] = {}
        self.forgotten: int | None = None
        self._go_on(_copy(person))

    def _go_on(self, person: Person) -> None:
        for time in self._times(person):
            out = Outputs()
            if not moments.fire(person, time, self.recipes, out):
                self.forgotten = time
                return
            for name, _, at, is_in, _ in out.audiences:
                if is_in:
                    self.entered.setdefault(name, at)
                else:
                    self.left.setdefault(name, (at, Standing(_copy(person), at)))

    def _times(self, person: Person) -> Iterator[int]:
        """The deadlines (ms), each after the one before has fired."""
        for _ in range(FAR):
            yield max(person.deadline(self.recipes.policy.keep), self.at)

    def belonging(self, audience: Audience, since: int) -> Belonging:
        held = self._held(audience, self.now)
        because = [f"{each.so_far} (wanted: {each.wanted})" for each in held]
        leaves, when_left = None, ""
        if audience.name in self.left:
            leaves, then = self.left[audience.name]
            ended = [each.wanted for each in self._asked(audience, then) if not each.holds]
            when_left = " or ".join(dict.fromkeys(ended))
        elif self.forgotten is not None:
            leaves = self.forgotten
        return Belonging(audience.name, since, because, leaves, when_left)

    def _held(self, audience: Audience, standing: Standing) -> list[Asked]:
        """The conditions of the first alternative that holds."""
        for members in audience.members:
            if standing.holds(members):
                return of_person(standing, members, self.clock)
        return []

    def _asked(self, audience: Audience, then: Standing) -> Iterator[Asked]:
        """The conditions, at that time, of the alternatives that hold now."""
        for members in audience.members:
            if self.now.holds(members):
                yield from of_person(then, members, self.clock)


def _copy(person: Person) -> Person:
    return packing.decode(memoryview(packing.encode(person)))
