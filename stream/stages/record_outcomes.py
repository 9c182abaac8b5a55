"""What becomes of the records of a batch, counted by the types of their events."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from stream.events.types import TAGS
from stream.outputs.outputs import Outputs

OUTCOMES: Final = (
    "applied",
    "duplicate",
    "late",
    "ignored",
    "unknown",
    "clock",
    "rejected",
    "replayed",
)
"""What becomes of a record: each has exactly one fate. Late and ignored: it
changes nothing, for its time or for another reason. Replayed: applied before a crash."""


class RecordOutcomes:
    """What became of the records of a batch, by the type of their events."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[type]] = {outcome: [] for outcome in OUTCOMES}
        self.applied = self._kinds["applied"]

    def note(self, outcome: str, kind: type) -> None:
        self._kinds[outcome].append(kind)

    def count(self, applied: Iterable[tuple[type, int]], out: Outputs) -> None:
        """Counts what was noted, and what was applied without being noted."""
        found = {outcome: Counter(kinds) for outcome, kinds in self._kinds.items()}
        found["applied"].update(dict(applied))
        for outcome, kinds in found.items():
            for kind, number in kinds.items():
                if number:
                    out.counts["events", outcome] += number
                    out.counts["types", f"{outcome}:{TAGS.get(kind, '')}"] += number
