"""What holds of a person, and what time alone will make of it: audiences, why, since when, and when they end by themselves.

Nothing is decided here: a copy of the state goes on by the rules of the core, as if nothing more happened. Source:
docs/semantics-life.md, 13.
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
"""Deadlines that are looked at. A person has fewer: each step, bound and watch is one."""


class Belonging(Struct, frozen=True):
    """To one audience. `since` in ms · `because`: the conditions that hold · `leaves` (ms): by itself, None: not by time
    alone · `when_left`: what will then not hold any more."""

    audience: str
    since: int
    because: list[str]
    leaves: int | None = None
    when_left: str = ""


class Coming(Struct, frozen=True):
    """An audience that the person enters at a time (ms) if nothing happens."""

    audience: str
    at: int


class Outlook(Struct, frozen=True):
    """`at` (ms): how far the state goes · `forgotten` (ms): the person is then, if nothing happens."""

    at: int
    belongs: list[Belonging]
    comes: list[Coming]
    forgotten: int | None
    is_here: bool
    """A visitor is active: times since the visit begin when it has gone."""


def of(person: Person, recipes: Recipes, at: int, clock: Clock) -> Outlook:
    """`person`: at `at` (ms), by the document in force; it stays as it is."""
    held = person.life.audiences if person.life is not None else {}
    known = {each.name: each for each in recipes.audiences.all}
    ahead = _Ahead(person, recipes, at, clock)
    belongs = [ahead.belonging(known[name], since) for name, since in held.items() if name in known]
    comes = [Coming(name, time) for name, time in ahead.entered.items() if name not in held]
    return Outlook(at, belongs, comes, ahead.forgotten, person.is_active)


class _Ahead:
    """What a copy of the person enters and leaves by time alone, the first time of each."""

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
        """Its deadlines, each after the one before has fired."""
        for _ in range(FAR):
            yield max(person.deadline(self.recipes.policy.keep), self.at)

    def belonging(self, audience: Audience, since: int) -> Belonging:
        asked = self._held(audience, self.now)
        because = [f"{each.so_far} (wanted: {each.wanted})" for each in asked]
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
        """How those alternatives stand then that hold now."""
        for members in audience.members:
            if self.now.holds(members):
                yield from of_person(then, members, self.clock)


def _copy(person: Person) -> Person:
    return packing.decode(memoryview(packing.encode(person)))
