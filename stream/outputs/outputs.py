"""The outputs of a batch, which `agents/` sends: plain lists in the order in which they were made."""

from collections import defaultdict
from typing import ClassVar

from stream.events.faults import Fault
from stream.state import claims, facts
from stream.state.claims import AnyClaim
from stream.state.facts import AnyFact


class Outputs:
    """The outputs of one call, each list in the order in which it was made.

    - `as_json`: whether facts are kept as JSON, not as objects
    - `facts`, `decisions`: (person, JSON); `claims`: (key of identity, JSON)
    - `triggers`: (recipe, person, JSON), fired and cancelled
    - `shadow`: (recipe, person, ms, JSON), triggers and cancels of shadow recipes
    - `outcomes`: (person, ms, JSON)
    - `audiences`: (audience, person, ms, entered or left, JSON); None for JSON deletes the pair's record
    - `erased`: (person, JSON)
    - `rejected`: (input offset, reason, JSON path)
    - `reported`: (input offset, type, fault), one for each part that was left out
    - `counts`: (name, its labels …) to a number, for metrics
    - `moments`: (fired or cancelled, the time in ms at which it was planned)
    """

    __slots__ = (
        "audiences",
        "claims",
        "counts",
        "decisions",
        "erased",
        "facts",
        "moments",
        "outcomes",
        "rejected",
        "reported",
        "shadow",
        "triggers",
    )

    as_json: ClassVar[bool] = True

    def __init__(self) -> None:
        self.facts: list[tuple[str, bytes]] = []
        self.claims: list[tuple[str, bytes]] = []
        self.triggers: list[tuple[str, str, bytes]] = []
        self.decisions: list[tuple[str, bytes]] = []
        self.shadow: list[tuple[str, str, int, bytes]] = []
        self.outcomes: list[tuple[str, int, bytes]] = []
        self.audiences: list[tuple[str, str, int, bool, bytes | None]] = []
        self.erased: list[tuple[str, bytes]] = []
        self.rejected: list[tuple[int, str, str]] = []
        self.reported: list[tuple[int, str, Fault]] = []
        self.counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self.moments: list[tuple[str, int]] = []

    def add_fact(self, fact: AnyFact) -> None:
        """Adds a fact for the people stage. Its parts may change after this call."""
        self.facts.append((fact.person, facts.encode(fact)))

    def claim(self, claim: AnyClaim) -> None:
        """Adds a claim for the keys stage. Its parts may change after this call."""
        self.claims.append((claim.key, claims.encode(claim)))
