"""Fetches less often, and hands over what a fetch brings without being asked.

aiokafka fetches again as soon as its records are taken, and the broker answers as soon as it has one record: at
100 events a second most fetches would bring one record. Here the broker lets records gather for a moment before it
answers a fetch that follows one that brought something. A record after a silence is still fetched at once. A pause of
the worker's own would wake it twice for each fetch, and to be woken costs more than to fetch. aiokafka says what to
fetch, about once a second, in the consumer's thread. The fetches themselves run in the event loop that processes what
they bring: to wake the other thread for each costs more than the fetch. Unusual cases are left to aiokafka: errors,
older brokers, records that are too large.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from copy import copy
from typing import Any, Final

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from agents.kafka import decompression, raw_batches
from agents.kafka.fetched_batches import FetchedBatches
from agents.kafka.raw_batches import RawBatch
from agents.kafka.retained_batches import RetainedBatches

PLENTY: Final = 256 * 1024
"""A fetch is answered as soon as it has so many bytes. Fewer: many small fetches cost more. More: a backlog is read with
pauses."""

IDLE_S: Final = 1.0
"""Seconds between aiokafka's looks at what to fetch, and where. Shorter: needless CPU. Longer: a partition that had
no leader waits."""

NEWEST: Final = 11
"""The version of the fetch API that this file reads."""


class PacedFetch:
    """Replaces `_proc_fetch_request` of an aiokafka fetcher.

    `gather_s`: for how long records gather after a fetch has brought something, before the next one is answered ·
    `send`: sends a request to a broker · `deliver`: called with everything that comes. No fetch of that broker begins
    before it is taken.
    `loop`: the event loop in which `send` and `deliver` are called. `take` belongs there, too.
    """

    def __init__(
        self,
        fetcher: Any,
        gather_s: float,
        send: Callable[[int, Any], Awaitable[Any]],
        deliver: Callable[[FetchedBatches], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._fetcher = fetcher
        self._fetch: Final = fetcher._proc_fetch_request
        self._gather_s = gather_s
        self._came: dict[int, float] = {}
        """By broker, when its last answer came (monotonic, s), if it brought something."""
        self._send = send
        self._deliver = deliver
        self._loop = loop
        fetcher._proc_fetch_request = self
        # aiokafka looks when a fetch ends, so not a moment before as well
        fetcher._fetcher_timeout = 2 * IDLE_S
        fetcher._fetch_max_wait_ms = int(1000 * IDLE_S)

    async def __call__(self, assignment: Any, node: int, request: Any) -> bool:
        """Fetches until aiokafka must look again at what to fetch. Returns whether aiokafka keeps something.

        It is called in the fetcher's event loop. A fetch that is no longer wanted returns False.
        """
        going = asyncio.run_coroutine_threadsafe(
            self._rounds(assignment, node, request), self._loop
        )
        try:
            plain = await asyncio.wrap_future(going)
        except asyncio.CancelledError:
            return False
        with self._fetcher._subscriptions.fetch_context():
            pass  # counts as a poll: else the group takes this consumer for a hanging one
        return not plain and await self._by_aiokafka(assignment, node, request)

    async def _rounds(self, assignment: Any, node: int, request: Any) -> bool:
        """Fetches for about IDLE_S. Returns False for what is left to aiokafka."""
        places = _places(request)
        until = time.monotonic() + IDLE_S
        try:
            while True:
                response = await self._send(node, self._gathering(node, request))
                if not assignment.active:
                    break
                if not _plain(response):
                    return False
                again = await self._hand_over(assignment, node, response, places)
                if not again or time.monotonic() >= until:
                    break
        except asyncio.CancelledError:
            return True  # it is not wanted any more, or the connection broke
        except KafkaError:
            return False
        return True

    def _gathering(self, node: int, request: Any) -> Any:
        """The request. After one that brought something it lets the broker wait until records have gathered, or there is plenty."""
        since = time.monotonic() - self._came.pop(node, 0.0)
        wait_ms = int(1000 * (self._gather_s - since))
        if wait_ms <= 0:
            return request
        gathering = copy(request)
        gathering._max_wait_ms, gathering._min_bytes = wait_ms, PLENTY
        return gathering

    async def _by_aiokafka(self, assignment: Any, node: int, request: Any) -> bool:
        """Repeats the fetch through aiokafka, which knows what to do about errors."""
        found: bool = await self._fetch(assignment, node, request)
        if found:
            elsewhere = FetchedBatches(assignment, elsewhere=True)
            self._loop.call_soon_threadsafe(self._deliver, elsewhere)
        return found

    async def _hand_over(
        self, assignment: Any, node: int, response: Any, places: "_Places"
    ) -> bool:
        """Hands over what came. Returns whether the request can be sent again, for what follows."""
        came = time.monotonic()
        for brought in self._parts(assignment, response, places):
            self._came[node] = came
            self._deliver(brought)
            await brought.taken()
            if brought.error:
                return False
        return all(
            _renew(assignment, TopicPartition(topic, part[0]), *places[topic, part[0]])
            for topic, parts in response.topics
            for part in parts
        )

    def _parts(self, assignment: Any, response: Any, places: "_Places") -> Iterator[FetchedBatches]:
        """All that was fetched, in parts that are small enough to wait until they are applied."""
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
