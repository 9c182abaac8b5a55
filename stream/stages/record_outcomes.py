"""Counts the outcomes of the records of a batch, by event type. Source: docs/semantics.md, 2."""

from collections.abc import Iterable
from typing import Any, Final

from stream.events.faults import Rejected
from stream.events.nearest import meant, named, shown
from stream.events.types import TAGS, Event
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
"""The outcomes of input records: each record has exactly one. A late record changes nothing because of
its time, an ignored one for another reason. A replayed record was applied before a crash."""


class RecordOutcomes:
    """The outcomes of the records of a batch, by event type."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[type]] = {outcome: [] for outcome in OUTCOMES}

    def note(self, outcome: str, kind: type) -> None:
        self._kinds[outcome].append(kind)

    def count(self, applied: Iterable[tuple[type, int]], out: Outputs) -> None:
        """Adds the noted outcomes to the counts, and `applied`: (type, number) of events that C applied.

        Most batches have a few events, and for these a `Counter` for each outcome costs more than to count one by one.
        """
        counts = out.counts
        for outcome, kinds in self._kinds.items():
            for kind in kinds:
                counts["events", outcome] += 1
                counts["types", outcome, TAGS.get(kind, "")] += 1
        for kind, number in applied:
            if number:
                counts["events", "applied"] += number
                counts["types", "applied", TAGS.get(kind, "")] += number


def reject(fault: Rejected, kind: type, offset: int, value: Any, out: Outputs) -> type:
    """Counts a rejected record by type, reason and path. Returns its type; Event if the type is unknown."""
    if kind is Event and isinstance(value, bytes):
        kind = _KINDS.get(meant(named(value)), Event)
    out.rejected.append((offset, fault.reason, fault.path))
    out.counts["rejected", TAGS.get(kind, ""), fault.reason, fault.path] += 1
    return kind


_KINDS: Final[dict[str, type]] = {tag: kind for kind, tag in TAGS.items()}


def report(event: Event, kind: type, offset: int, out: Outputs) -> None:
    """Counts the parts of an event that were left out, and the name of an unknown type."""
    type = TAGS.get(kind, "")
    for fault in event.faults:
        out.reported.append((offset, type, fault))
        out.counts["reported", type, fault.path] += 1
    if kind is Event:
        out.counts["unknown", shown(event.reading.type)] += 1
