"""What becomes of the records of a batch, counted by the types of their events."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from stream.events.types import TAGS
from stream.outputs.outputs import Outputs

FATES: Final = (
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


class Fates:
    """What became of the records of a batch, by the type of their events."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[type]] = {fate: [] for fate in FATES}
        self.applied = self._kinds["applied"]

    def note(self, fate: str, kind: type) -> None:
        self._kinds[fate].append(kind)

    def count(self, applied: Iterable[tuple[type, int]], out: Outputs) -> None:
        """Counts what was noted, and what was applied without being noted."""
        found = {fate: Counter(kinds) for fate, kinds in self._kinds.items() if kinds}
        quick = {kind: number for kind, number in applied if number}
        if quick:
            found.setdefault("applied", Counter()).update(quick)
        for fate, kinds in found.items():
            for kind, number in kinds.items():
                out.counts["events", fate] += number
                out.counts["types", f"{fate}:{TAGS.get(kind, '')}"] += number
