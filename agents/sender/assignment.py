"""The records of a sender between two rebalances: it queues them for delivery, and tracks which offsets to commit.

A rebalance ends an assignment; the next one begins at the committed offsets. No open record stays in memory, so
none can be sent twice or out of order.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.kafka.offset_tracker import OffsetTracker
from agents.sender.delivery import Attempt, TriggerDelivery
from agents.sender.key_queues import KeyQueues
from agents.sender.message import NotATrigger, read
from agents.sender.metrics import Outcome

OPEN: Final = 10_000
"""Open records of all partitions. Fewer: persons that wait block others. More: some kilobytes of memory each."""

SPAN: Final = 100_000
"""Largest number of records of a partition after its oldest open one. A restart reads them again."""


class SenderAssignment:
    """An assignment. `places`: its partitions · `recipes`: the recipe of each topic.

    `open`: number of records that are read and not settled · `committed`: the offsets that the broker has.
    """

    def __init__(
        self, delivery: TriggerDelivery, places: set[TopicPartition], recipes: Mapping[str, str]
    ) -> None:
        self._delivery, self._recipes = delivery, recipes
        self._trackers = {place: OffsetTracker() for place in places}
        self._queues = KeyQueues(self._settle)
        self.open = 0
        self.committed: dict[TopicPartition, int] = {}

    def take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        """Takes the records of a fetch, in the order of the broker's time."""
        read_at = time.monotonic()
        found = []
        for place, records in batches.items():
            newest = 0
            for record in records:
                newest = max(newest, record.timestamp)
                self._trackers[place].begin(record.offset, read_at)
                found.append((newest, place, record))
            self._delivery.clock.saw(newest)
        self.open += len(found)
        for _, place, record in sorted(found, key=lambda each: each[0]):
            self._queues.add(_attempt(place, record))

    async def _settle(self, attempt: Attempt) -> None:
        outcome: Outcome = await self._delivery.settle(attempt)
        await self._delivery.erased.settled(attempt.record.key, attempt.message)
        recipe, now = self._recipes[attempt.place.topic], self._delivery.clock.now()
        self._delivery.metrics.ended(recipe, attempt.message, outcome, now)
        self._trackers[attempt.place].settle(attempt.record.offset)
        self.open -= 1

    def check(self) -> None:
        """Raises the error of a queue or of the cancellation index, if one has failed."""
        self._queues.check()
        self._delivery.cancellations.check()

    def full(self) -> set[TopicPartition]:
        """Partitions with too many open records, which must be paused."""
        if self.open >= OPEN:
            return set(self._trackers)
        return {place for place, tracker in self._trackers.items() if tracker.span >= SPAN}

    def idle(self) -> set[TopicPartition]:
        """Partitions without an open record."""
        return {place for place, tracker in self._trackers.items() if not tracker.span}

    def settled(self) -> dict[TopicPartition, int]:
        """The offsets to commit, for partitions of which records were read."""
        return {
            place: tracker.position
            for place, tracker in self._trackers.items()
            if tracker.position >= 0
        }

    @property
    def oldest(self) -> float:
        """Seconds since the oldest open record was read; 0: none is open."""
        begun = [each.since for each in self._trackers.values() if each.since is not None]
        return time.monotonic() - min(begun) if begun else 0.0

    async def close(self, grace: float) -> None:
        """Cancels attempts that wait. Open requests have `grace` seconds to end."""
        await self._queues.close(grace)


def _attempt(place: TopicPartition, record: ConsumerRecord) -> Attempt:
    try:
        return Attempt(place, record, read(record.value))
    except NotATrigger:
        return Attempt(place, record, None)
