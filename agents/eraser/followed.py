"""The erasures that an eraser follows between two rebalances: which are due for a look, and which offsets to commit.

An erasure stays open until a look at the states finds nothing of the person. Its offset is committed then, so what was
open is followed again after a crash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.structs import TopicPartition

from agents.eraser.metrics import EraserMetrics, Outcome
from agents.erasure import search
from agents.erasure.wanted import ErasedNames
from agents.erasure.writing import is_by_eraser
from agents.explain import own_records
from agents.kafka.offset_tracker import OffsetTracker

MOST: Final = 100
"""Persons of one pass. Fewer: more passes. More: each record of a changelog is searched for more names."""

OPEN: Final = 10_000
"""Open records at which reading pauses. More: some hundred bytes of memory each."""

LONGEST_PAUSE_S: Final = 3600.0
"""Longest pause (s) between two looks at a person of whom something is kept, such as while a worker is stopped."""


@dataclass
class OpenErasure:
    """A person that was erased. `at`: up to when, ms · `due`: of the next look, `pause`: after it, s · `records`: its
    records, by partition and offset."""

    person: str
    names: ErasedNames
    at: int
    due: float
    pause: float
    records: list[tuple[TopicPartition, int]] = field(default_factory=list)


class FollowedErasures:
    """The erasures of an assignment. `places`: its partitions · `delay`: s."""

    def __init__(
        self, places: Iterable[TopicPartition], delay: float, metrics: EraserMetrics
    ) -> None:
        self._trackers = {place: OffsetTracker() for place in places}
        self._delay, self._metrics = delay, metrics
        self._open: dict[str, OpenErasure] = {}
        self.committed: dict[TopicPartition, int] = {}

    def take(self, batches: Mapping[TopicPartition, Iterable[Any]], now: float) -> None:
        """Takes the records of a fetch. `now`: s, as for `due`."""
        for place, records in batches.items():
            for record in records:
                self._trackers[place].begin(record.offset, now)
                self._take(place, record, now)

    def _take(self, place: TopicPartition, record: Any, now: float) -> None:
        found = None if record.value is None else own_records.erasure(record.value)
        names = None if found is None else names_of(found["data"]["person"])
        outcome: Outcome
        if found is None or names is None:
            outcome = "not_an_erasure"
        elif is_by_eraser(found["data"].get("event", "")):
            outcome = "own"
        else:
            self._follow(found["data"], names, place, record, now)
            outcome = "followed"
        if outcome != "followed":
            self._trackers[place].settle(record.offset)
        self._metrics.records.labels(outcome).inc()

    def _follow(
        self,
        data: dict[str, Any],
        names: ErasedNames,
        place: TopicPartition,
        record: Any,
        now: float,
    ) -> None:
        """Opens an erasure. No time is later than the record's: what comes after it is nobody who was erased."""
        person = data["person"]
        each = self._open.setdefault(person, OpenErasure(person, names, 0, now, self._delay))
        each.at = max(each.at, min(data["at"], record.timestamp))
        each.due, each.pause = now + self._delay, self._delay
        each.records.append((place, record.offset))

    def due(self, now: float) -> list[OpenErasure]:
        """The erasures to look at now, at most MOST."""
        return [each for each in self._open.values() if each.due <= now][:MOST]

    def settle(self, each: OpenErasure) -> None:
        """Ends an erasure of which nothing is kept."""
        del self._open[each.person]
        for place, offset in each.records:
            self._trackers[place].settle(offset)

    def retry(self, each: OpenErasure, now: float) -> None:
        """Looks again after the delay: no broker has answered."""
        each.due = now + self._delay

    def put_off(self, each: OpenErasure, now: float) -> None:
        """Looks again once what was written has had time, after a longer pause each time."""
        each.due = now + each.pause
        each.pause = min(2 * each.pause, LONGEST_PAUSE_S)

    def settled(self) -> dict[TopicPartition, int]:
        """The offsets to commit, for partitions of which records were read."""
        return {
            place: tracker.position
            for place, tracker in self._trackers.items()
            if tracker.position >= 0
        }

    def idle(self) -> set[TopicPartition]:
        """Partitions without an open record."""
        return {place for place, tracker in self._trackers.items() if not tracker.span}

    def full(self) -> set[TopicPartition]:
        """Partitions that must be paused."""
        return set(self._trackers) if self.open >= OPEN else set()

    @property
    def open(self) -> int:
        return sum(len(each.records) for each in self._open.values())

    @property
    def oldest(self) -> int | None:
        """The time of the oldest open erasure, ms."""
        return min((each.at for each in self._open.values()), default=None)


def names_of(person: str) -> ErasedNames | None:
    """The names of a person such as `customer:4711`. None if it is no person."""
    names = ErasedNames()
    if person.partition(":")[2]:
        search.add_person(person, names)
    return names if names.people else None
