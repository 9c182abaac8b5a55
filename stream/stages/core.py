"""All stages over one input partition, without topics between them. Source: docs/semantics.md, 10."""

from copy import copy
from typing import Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import VisitorBackend
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS
from stream.state.claims import AnyClaim
from stream.state.facts import AnyFact, Idle, WatermarkRecord


class Handed(Outputs):
    """Facts and claims as they are made, for the next stages in the same hand.

    What the visitor goes on to change is copied, so a fact stays what it would be on a topic.
    """

    __slots__ = ("claimed", "handed")

    as_json = False

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[AnyFact] = []
        self.claimed: list[AnyClaim] = []

    def tell(self, fact: AnyFact) -> None:
        if type(fact) is Idle:
            summary = fact.summary
            summary.cart.lines = list(map(copy, summary.cart.lines))
            summary.checkout = summary.checkout and copy(summary.checkout)
            summary.subject = summary.subject and copy(summary.subject)
        self.handed.append(fact)

    def claim(self, claim: AnyClaim) -> None:
        self.claimed.append(claim)


class Core:
    """All stages over one input partition."""

    def __init__(self, recipes: Recipes, make: VisitorBackend | None = None) -> None:
        self.visitors: Final = Visitors(recipes, make)
        self.keys: Final = Keys(1)
        self.people: Final = People(recipes, 1, 1)

    def _mark(self) -> WatermarkRecord:
        return WatermarkRecord(1, {0: self.visitors.clock})

    def forwarded(self, first: Handed) -> Handed:
        """What the keys stage makes of what the visitors stage handed on, up to its time."""
        out = Handed()
        for claim in first.claimed:
            self.keys.take(self.keys.position, claim)
        self.keys.take(self.keys.position, self._mark())
        self.keys.advance(out)
        return out

    def decided(self, first: Handed) -> Outputs:
        """What follows from what the visitors stage handed on, up to its time."""
        forwarded, out = self.forwarded(first), Outputs()
        for fact in first.handed + forwarded.handed:
            self.people.take(self.people.position, fact)
        self.people.take(self.people.position, self._mark())
        self.people.take(self.people.position, WatermarkRecord(1, {0: self.keys.clock}, KEYS))
        self.people.advance(out)
        for stage in (self.visitors, self.keys, self.people):
            stage.rest()
        return _merged(first, forwarded, out)


class _Decided(Struct):
    at: int


_decided: Final = msgspec.json.Decoder(_Decided).decode


def _merged(first: Outputs, *others: Outputs) -> Outputs:
    """The outputs of all stages as one, in the order of time."""
    every = (first, *others)
    triggers = [each for out in every for each in out.triggers]
    times = [at for out in every for _, at in out.moments]  # one each, in the same order
    first.triggers = [triggers[place] for place in sorted(range(len(times)), key=times.__getitem__)]
    decisions = [each for out in every for each in out.decisions]
    first.audiences = sorted(others[-1].audiences, key=lambda change: change[2])
    first.decisions = sorted(decisions, key=lambda decision: _decided(decision[1]).at)
    for out in others:
        for count, number in out.counts.items():
            first.counts[count] += number
    return first
