"""A consumer of aiokafka in memory, for unit tests of code that reads topics."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from aiokafka.structs import TopicPartition


class FakeConsumer:
    """A consumer of aiokafka over lists of records. `polled`: time of the last poll of each partition (ms), None before the first."""

    def __init__(self, logs: Mapping[TopicPartition, list[Any]] | None = None) -> None:
        self.logs: defaultdict[TopicPartition, list[Any]] = defaultdict(list, logs or {})
        self.positions: dict[TopicPartition, int] = {}
        self.assigned: list[TopicPartition] = []
        self.committed_offsets: dict[TopicPartition, int] = {}
        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_fails: list[Exception] = []
        self.names: set[str] = set()
        self.subscribed: list[list[str]] = []
        self.held: set[TopicPartition] = set()
        self.beginnings: list[TopicPartition] = []
        self.polled: float | None = None
        self.fault: Exception | None = None
        self.stopped = self.client_closed = False
        self.down: list[Exception] = []
        self.asked_fails: list[Exception] = []
        self._client = SimpleNamespace(close=self._close, fetch_all_metadata=self.metadata)

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self.assigned = list(places)

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self.subscribed.append(topics)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.positions[place] = offset

    async def seek_to_beginning(self, *places: TopicPartition) -> None:
        self.beginnings += places
        for place in places:
            self.positions[place] = self.logs[place][0].offset if self.logs[place] else 0

    async def topics(self) -> set[str]:
        return self.names

    async def metadata(self) -> SimpleNamespace:
        if self.asked_fails:
            raise self.asked_fails.pop(0)
        return SimpleNamespace(topics=lambda: self.names, partitions_for_topic=lambda _: {0})

    async def committed(self, place: TopicPartition) -> int | None:
        return self.committed_offsets.get(place)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.commit_fails:
            raise self.commit_fails.pop(0)
        self.commits.append(dict(offsets))

    async def position(self, place: TopicPartition) -> int:
        return self.positions.get(place, 0)

    def last_poll_timestamp(self, place: TopicPartition) -> float | None:
        return self.polled

    def last_stable_offset(self, place: TopicPartition) -> int | None:
        return self.logs[place][-1].offset + 1 if self.logs[place] else 0

    def paused(self) -> set[TopicPartition]:
        return set(self.held)

    def pause(self, *places: TopicPartition) -> None:
        self.held |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self.held -= set(places)

    async def getmany(self, timeout_ms: int, max_records: int | None = None) -> dict[Any, Any]:
        await asyncio.sleep(0.001)
        if self.fault:
            raise self.fault
        found = {}
        for place in self.assigned:
            at = self.positions.get(place, 0)
            records = [each for each in self.logs[place] if each.offset >= at]
            if records and place not in self.held:
                found[place] = records
                self.positions[place] = records[-1].offset + 1
        return found

    async def stop(self) -> None:
        self.stopped = True

    async def start(self) -> None:
        await asyncio.to_thread(int)  # as a broker's answer; a test may watch asyncio.sleep
        if self.down:
            raise self.down.pop(0)

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def unsubscribe(self) -> None:
        self.assigned = []

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        return {each: self.logs[each][0].offset if self.logs[each] else 0 for each in places}

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        if self.asked_fails:
            raise self.asked_fails.pop(0)
        return {each: self.logs[each][-1].offset + 1 if self.logs[each] else 0 for each in places}

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[Any, Any]:
        found: dict[Any, Any] = dict.fromkeys(times)
        for place, since in times.items():
            for record in self.logs[place]:
                if record.timestamp >= since:
                    found[place] = record
                    break
        return found

    async def _close(self) -> None:
        self.client_closed = True
