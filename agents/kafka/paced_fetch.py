"""Fetches less often, and hands over what a fetch brings without being asked.

aiokafka fetches again as soon as its records are taken, and the broker answers as soon as it has one record: at
100 events a second most fetches would bring one record. Here the next fetch of a broker begins a short pause
after the last one that brought something. A record after a silence is still fetched at once. Batches go
straight to the event loop that processes them. aiokafka would keep them, wake the other thread, and look at all
partitions twice, which costs more than the fetch. Unusual cases are left to aiokafka: errors, older brokers,
records that are too large.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from agents.kafka import decompression, raw_batches
from agents.kafka.raw_batches import RawBatch
from agents.kafka.retained_batches import RetainedBatches

PLENTY: Final = 256 * 1024
"""After a fetch of this many bytes the next one follows at once. Fewer: many small fetches cost more. More: a
backlog is read with pauses."""

IDLE_S: Final = 1.0
"""Seconds between aiokafka's looks at what to fetch, and where. Shorter: needless CPU. Longer: a partition that had
no leader waits."""

NEWEST: Final = 11
"""The version of the fetch API that this file reads."""


class FetchedBatches:
    """What one fetch brought, or a part of it: batches in order, by partition.

    `error`: what it brought instead · `elsewhere`: aiokafka has it and must be asked.
    """

    def __init__(
        self, assignment: Any, error: Exception | None = None, elsewhere: bool = False
    ) -> None:
        self.error = error
        self.elsewhere = elsewhere
        self._assignment = assignment
        self._batches: dict[TopicPartition, list[RawBatch]] = {}
        self._from: dict[TopicPartition, int] = {}
        self._is_taken = False
        self._taken: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._batches or self.error or self.elsewhere)

    def add(self, tp: TopicPartition, position: int, batch: RawBatch) -> None:
        """Adds batches. `position`: where the fetch of the partition, or this part of it, began."""
        self._batches.setdefault(tp, []).append(batch)
        self._from.setdefault(tp, position)

    def take(
        self, wanted: Callable[[TopicPartition], bool]
    ) -> dict[TopicPartition, list[RawBatch]]:
        """Returns the batches, and moves the positions behind them. Called once, by any thread.

        Partitions that are not `wanted`, were assigned again, or were sought elsewhere are left out and fetched
        again.
        """
        found = {}
        for tp, batches in self._batches.items() if self._assignment.active else ():
            state = self._assignment.state_value(tp)
            if wanted(tp) and state.has_valid_position and state.position == self._from[tp]:
                state.consumed_to(batches[-1].next)
                found[tp] = batches
        self._is_taken = True
        if self._taken:
            self._taken.get_loop().call_soon_threadsafe(_finish, self._taken)
        return found

    async def taken(self) -> None:
        """Waits for `take`, in the event loop of the fetcher."""
        self._taken = asyncio.get_running_loop().create_future()
        if not self._is_taken:  # taken before the future existed: nobody would finish it
            await self._taken


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class PacedFetch:
    """Replaces `_proc_fetch_request` of an aiokafka fetcher.

    `pause_s`: from a fetch that brought little to the next one of that broker · `deliver`: called in the
    fetcher's event loop with everything that comes. No fetch of that broker begins before it is taken.
    """

    def __init__(
        self, fetcher: Any, pause_s: float, deliver: Callable[[FetchedBatches], None]
    ) -> None:
        self._fetcher = fetcher
        self._fetch: Final = fetcher._proc_fetch_request
        self._pause_s = pause_s
        self._deliver = deliver
        fetcher._proc_fetch_request = self
        fetcher._fetcher_timeout = IDLE_S
        fetcher._fetch_max_wait_ms = int(1000 * IDLE_S)

    async def __call__(self, assignment: Any, node: int, request: Any) -> bool:
        """Fetches until aiokafka must look again at what to fetch. Returns whether aiokafka keeps something.

        A fetch that is no longer wanted returns False.
        """
        places = _places(request)
        until = time.monotonic() + IDLE_S
        try:
            while time.monotonic() < until:
                response = await self._fetcher._client.send(node, request)
                if not assignment.active:
                    return False
                if not _plain(response):
                    return await self._by_aiokafka(assignment, node, request)
                if not await self._hand_over(assignment, response, places):
                    break
        except asyncio.CancelledError:
            return False
        except KafkaError:
            return await self._by_aiokafka(assignment, node, request)
        return False

    async def _by_aiokafka(self, assignment: Any, node: int, request: Any) -> bool:
        """Repeats the fetch through aiokafka, which knows what to do about errors."""
        found: bool = await self._fetch(assignment, node, request)
        if found:
            self._deliver(FetchedBatches(assignment, elsewhere=True))
        return found

    async def _hand_over(self, assignment: Any, response: Any, places: "_Places") -> bool:
        """Hands over what came. Returns whether the request can be sent again, for what follows."""
        size = sum(len(part[-1]) for _, parts in response.topics for part in parts if part[-1])
        for brought in self._parts(assignment, response, places):
            self._deliver(brought)
            if size < PLENTY:  # it was taken in the meantime and need not report
                await asyncio.sleep(self._pause_s)
            await brought.taken()
            with self._fetcher._subscriptions.fetch_context():
                pass  # counts as a poll: else the group takes this consumer for a hanging one
            if brought.error:
                return False
        return all(
            _renew(assignment, TopicPartition(topic, part[0]), *places[topic, part[0]])
            for topic, parts in response.topics
            for part in parts
        )

    def _parts(self, assignment: Any, response: Any, places: "_Places") -> Iterator[FetchedBatches]:
        """All that was fetched, in parts that are small enough to wait for an agent."""
        brought, most = FetchedBatches(assignment), decompression.unpacked() + raw_batches.AT_ONCE
        try:
            for tp, position, batch in self._batches(response, places):
                brought.add(tp, position, batch)
                if decompression.unpacked() >= most:
                    yield brought
                    brought, most = (
                        FetchedBatches(assignment),
                        decompression.unpacked() + raw_batches.AT_ONCE,
                    )
        except Exception as error:
            brought = FetchedBatches(assignment, error=error)
        if brought:
            yield brought

    def _batches(
        self, response: Any, places: "_Places"
    ) -> Iterator[tuple[TopicPartition, int, RawBatch]]:
        """(partition, position before, batch). Raises CorruptRecordException."""
        for topic, parts in response.topics:
            blocks = topic in raw_batches.as_blocks
            for part in parts:
                if part[-1]:
                    listed, at = places[topic, part[0]]
                    tp, position = TopicPartition(topic, part[0]), listed[at][1]
                    for batch in raw_batches.raw_batches(self._records(tp, position, part), blocks):
                        yield tp, position, batch
                        position = batch.next

    def _records(self, tp: TopicPartition, position: int, part: Any) -> PartitionRecords:
        fetcher = self._fetcher
        records = PartitionRecords(
            tp,
            RetainedBatches(part[-1]),
            part[5],
            position,
            None,
            None,
            fetcher._check_crcs,
            fetcher._isolation_level,
        )
        records._records_iterator = None  # else it keeps its owner alive
        return records


_Places = dict[tuple[str, int], tuple[list[tuple[int, int, int]], int]]
"""Where a topic's partition is in a request: (list, index) of its (partition, offset, bytes)."""


def _places(request: Any) -> _Places:
    return {
        (topic, listed[at][0]): (listed, at)
        for topic, listed in request.topics
        for at in range(len(listed))
    }


def _plain(response: Any) -> bool:
    """Whether an answer holds only batches, at least a whole one of each partition with bytes."""
    return response.API_VERSION >= NEWEST and not any(
        error or (data and not RetainedBatches(data).has_next())
        for _, parts in response.topics
        for _, error, *_, data in parts
    )


def _renew(
    assignment: Any, tp: TopicPartition, listed: list[tuple[int, int, int]], at: int
) -> bool:
    """Whether a partition is still to be fetched. If so, its request is set to what follows."""
    state = assignment.state_value(tp) if assignment.active else None
    if state is None or state.paused or not state.has_valid_position:
        return False
    number, _, most = listed[at]
    listed[at] = (number, state.position, most)
    return True
