"""What a sender does between two rebalances: reads, settles, and says how far it has come.

With every rebalance a shift ends and another begins at what was committed: nothing that was not settled is
kept in memory, so nothing of it can go out twice or in another order.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.sender.delivery import Courier, Errand
from agents.sender.key_queues import Lanes
from agents.sender.message import NotATrigger, read
from agents.sender.metrics import Fate
from agents.sender.offset_tracker import Progress

OPEN: Final = 10_000
"""Records read and not settled, of all partitions. Fewer: many who wait hold up the others. More: memory,
some kilobytes each."""

SPAN: Final = 100_000
"""Records of a partition behind its oldest open one: a restart reads them again."""


class Shift:
    """`places`: the partitions; `recipes`: the recipe of each topic. `open`: records read and not settled;
    `committed`: the offsets that the broker has."""

    def __init__(
        self, courier: Courier, places: set[TopicPartition], recipes: Mapping[str, str]
    ) -> None:
        self._courier, self._recipes = courier, recipes
        self._progress = {place: Progress() for place in places}
        self._lanes = Lanes(self._settle)
        self.open = 0
        self.committed: dict[TopicPartition, int] = {}

    def take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        """A fetch's records, those of different topics by the broker's time."""
        read_at = time.monotonic()
        found = []
        for place, records in batches.items():
            newest = 0
            for record in records:
                newest = max(newest, record.timestamp)
                self._progress[place].begin(record.offset, read_at)
                found.append((newest, place, record))
            self._courier.clock.saw(newest)
        self.open += len(found)
        for _, place, record in sorted(found, key=lambda each: each[0]):
            self._lanes.add(_errand(place, record))

    async def _settle(self, errand: Errand) -> None:
        fate: Fate = await self._courier.settle(errand)
        recipe, now = self._recipes[errand.place.topic], self._courier.clock.now()
        self._courier.metrics.ended(recipe, errand.message, fate, now)
        self._progress[errand.place].settle(errand.record.offset)
        self.open -= 1

    def check(self) -> None:
        """Raises what makes going on impossible."""
        self._lanes.check()
        self._courier.lookout.check()

    def full(self) -> set[TopicPartition]:
        """Partitions to read no more of for now."""
        if self.open >= OPEN:
            return set(self._progress)
        return {place for place, progress in self._progress.items() if progress.span >= SPAN}

    def idle(self) -> set[TopicPartition]:
        """Partitions all of whose records read so far are settled."""
        return {place for place, progress in self._progress.items() if not progress.span}

    def settled(self) -> dict[TopicPartition, int]:
        """The offsets to commit, of partitions of which something was read."""
        return {
            place: progress.position
            for place, progress in self._progress.items()
            if progress.position >= 0
        }

    @property
    def oldest(self) -> float:
        """Seconds since the oldest open record was read; 0: none is open."""
        begun = [each.since for each in self._progress.values() if each.since is not None]
        return time.monotonic() - min(begun) if begun else 0.0

    async def close(self, grace: float) -> None:
        """Ends what waits, and lets what is on its way come to its end within `grace` seconds."""
        await self._lanes.close(grace)


def _errand(place: TopicPartition, record: ConsumerRecord) -> Errand:
    try:
        return Errand(place, record, read(record.value))
    except NotATrigger:
        return Errand(place, record, None)
