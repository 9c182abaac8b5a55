"""What a batch decided, for the carrier to send. Plain lists, in the order they were made."""

from collections import defaultdict
from typing import ClassVar

from stream.events.faults import Fault
from stream.state import claims, facts
from stream.state.claims import AnyClaim
from stream.state.facts import AnyFact


class Outputs:
    """What came out, each in the order in which it was made.

    - `as_json`: facts are wanted as JSON, not as they are made
    - `facts`, `decisions`: (person, JSON); `claims`: (key of identity, JSON)
    - `triggers`: (recipe, person, JSON), fired and cancelled
    - `shadow`: (recipe, person, ms, JSON), triggers and cancels of shadows
    - `outcomes`: (person, ms, JSON)
    - `audiences`: (audience, person, ms, entered or left, JSON)
    - `rejected`: (input offset, reason, JSON path)
    - `reported`: (input offset, type, fault), of a part that was left out
    - `counts`: (kind, its labels …) to a number, for metrics
    - `moments`: (fired or cancelled, the time in ms at which it was to be)
    """

    __slots__ = (
        "audiences",
        "claims",
        "counts",
        "decisions",
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
        self.audiences: list[tuple[str, str, int, bool, bytes]] = []
        self.rejected: list[tuple[int, str, str]] = []
        self.reported: list[tuple[int, str, Fault]] = []
        self.counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self.moments: list[tuple[str, int]] = []

    def tell(self, fact: AnyFact) -> None:
        """A fact for the people stage: what it holds may change after this call."""
        self.facts.append((fact.person, facts.encode(fact)))

    def claim(self, claim: AnyClaim) -> None:
        """A claim for the keys stage: what it holds may change after this call."""
        self.claims.append((claim.key, claims.encode(claim)))
