"""All three stages over one input partition, without topics between them. Source: docs/semantics.md, 10."""

from copy import copy
from typing import Final

from stream.outputs.merged import merged
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.backend import VisitorBackend
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS
from stream.state.claims import AnyClaim
from stream.state.facts import AnyFact, Idle, WatermarkRecord


class Handed(Outputs):
    """Outputs whose facts and claims are objects, for the next stages in this process.

    It copies the parts that the visitor may still change, so a fact stays as it would be on a topic.
    """

    __slots__ = ("claimed", "handed")

    as_json = False

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[AnyFact] = []
        self.claimed: list[AnyClaim] = []

    def add_fact(self, fact: AnyFact) -> None:
        if type(fact) is Idle:
            summary = fact.summary
            summary.cart.lines = list(map(copy, summary.cart.lines))
            summary.checkout = summary.checkout and copy(summary.checkout)
            summary.subject = summary.subject and copy(summary.subject)
        self.handed.append(fact)

    def claim(self, claim: AnyClaim) -> None:
        self.claimed.append(claim)


class Core:
    """The visitors, keys and people stages over one input partition."""

    def __init__(self, recipes: Recipes | History, make: VisitorBackend | None = None) -> None:
        history = History.of(recipes)
        self.visitors: Final = Visitors(history, make)
        self.keys: Final = Keys(1)
        self.people: Final = People(history, 1, 1)

    def _mark(self) -> WatermarkRecord:
        return WatermarkRecord(1, {0: self.visitors.clock})

    def forwarded(self, first: Handed) -> Handed:
        """The facts of the keys stage for the claims of the visitors stage, up to that stage's clock."""
        out = Handed()
        for claim in first.claimed:
            self.keys.take(self.keys.position, claim)
        self.keys.take(self.keys.position, self._mark())
        self.keys.advance(out)
        return out

    def decided(self, first: Handed) -> Outputs:
        """The outputs of all three stages, up to the clock of the visitors stage."""
        forwarded, out = self.forwarded(first), Outputs()
        for fact in first.handed + forwarded.handed:
            self.people.take(self.people.position, fact)
        self.people.take(self.people.position, self._mark())
        self.people.take(self.people.position, WatermarkRecord(1, {0: self.keys.clock}, KEYS))
        self.people.advance(out)
        for stage in (self.visitors, self.keys, self.people):
            stage.rest()
        return merged(first, forwarded, out)
