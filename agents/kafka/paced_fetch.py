"""Fetches at a bounded rate, in the event loop that processes the records.

aiokafka fetches again as soon as its records are taken, and the broker answers as soon as it has one record. At 100
events a second most fetches would return one record. So the request that follows a non-empty answer sets max_wait and
min_bytes: the broker lets records gather before it answers. A record after a silence is still fetched at once. The
broker waits, not the worker, because a timer of the worker would wake it twice for each fetch, and a wake-up costs more
than a fetch. aiokafka decides what to fetch, about once a second, in the consumer's thread. The fetches themselves run
in the processing loop: to wake another thread for each costs more than the fetch. aiokafka also handles the unusual
cases: errors, older brokers, records that are too large.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from agents.kafka import decompression, raw_batches
from agents.kafka.fetched_batches import FetchedBatches
from agents.kafka.raw_batches import RawBatch
from agents.kafka.retained_batches import RetainedBatches

PLENTY: Final = 256 * 1024
"""Bytes at which the broker answers at once. Fewer: many small fetches cost more. More: a backlog is read with pauses."""

IDLE_S: Final = 1.0
"""Seconds between two decisions of aiokafka what to fetch from which broker. Shorter: needless CPU. Longer: a partition
that had no leader waits."""

NEWEST: Final = 11
"""The version of the fetch API that this module reads."""


class PacedFetch:
    """Replaces `_proc_fetch_request` of an aiokafka fetcher.

    `gather_s`: after a non-empty answer, seconds for which records gather before the next answer · `send`: sends a
    request to a broker · `deliver`: called with the batches of each answer. The next fetch from that broker begins once
    they are taken.
    `loop`: the event loop in which `send` and `deliver` are called. Call `take` in it, too.
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
        self._answered: dict[int, float] = {}
        """By broker, when its last non-empty answer came (monotonic, s)."""
        self._send = send
        self._deliver = deliver
        self._loop = loop
        fetcher._proc_fetch_request = self
        # aiokafka decides anew when a fetch ends; it need not do so a moment before as well
        fetcher._fetcher_timeout = 2 * IDLE_S
        fetcher._fetch_max_wait_ms = int(1000 * IDLE_S)

    async def __call__(self, assignment: Any, node: int, request: Any) -> bool:
        """Fetches until aiokafka must decide anew what to fetch. Returns whether aiokafka holds records.

        Called in the fetcher's event loop. A cancelled fetch returns False.
        """
        going = asyncio.run_coroutine_threadsafe(
            self._rounds(assignment, node, request), self._loop
        )
        try:
            plain = await asyncio.wrap_future(going)
        except asyncio.CancelledError:
            return False
        with self._fetcher._subscriptions.fetch_context():
            pass  # counts as a poll; without polls the group considers this consumer dead
        return not plain and await self._by_aiokafka(assignment, node, request)

    async def _rounds(self, assignment: Any, node: int, request: Any) -> bool:
        """Fetches for about IDLE_S. Returns False if aiokafka must repeat the last fetch."""
        places = _places(request)
        at_once = request._max_wait_ms, request._min_bytes
        until = time.monotonic() + IDLE_S
        try:
            while True:
                request._max_wait_ms, request._min_bytes = self._gathering(node) or at_once
                response = await self._send(node, request)
                if not assignment.active:
                    break
                if not _plain(response):
                    return False
                again = await self._hand_over(assignment, node, response, places)
                if not again or time.monotonic() >= until:
                    break
        except asyncio.CancelledError:
            return True  # the fetch was cancelled, or the connection broke
        except KafkaError:
            return False
        finally:
            request._max_wait_ms, request._min_bytes = at_once
        return True

    def _gathering(self, node: int) -> tuple[int, int] | None:
        """(max_wait in ms, min_bytes) of a request after a non-empty answer: the broker waits for `gather_s` or PLENTY bytes."""
        since = time.monotonic() - self._answered.pop(node, 0.0)
        wait_ms = int(1000 * (self._gather_s - since))
        return (wait_ms, PLENTY) if wait_ms > 0 else None

    async def _by_aiokafka(self, assignment: Any, node: int, request: Any) -> bool:
        """Repeats the fetch through aiokafka, which handles errors."""
        found: bool = await self._fetch(assignment, node, request)
        if found:
            elsewhere = FetchedBatches(assignment, elsewhere=True)
            self._loop.call_soon_threadsafe(self._deliver, elsewhere)
        return found

    async def _hand_over(
        self, assignment: Any, node: int, response: Any, places: "_Places"
    ) -> bool:
        """Delivers an answer. Returns whether the request, with its new positions, can be sent again."""
        answered = time.monotonic()
        for fetched in self._split(assignment, response, places):
            self._answered[node] = answered
            self._deliver(fetched)
            await fetched.taken()
            if fetched.error:
                return False
        return all(
            _renew(assignment, TopicPartition(topic, part[0]), *places[topic, part[0]])
            for topic, parts in response.topics
            for part in parts
        )

    def _split(self, assignment: Any, response: Any, places: "_Places") -> Iterator[FetchedBatches]:
        """Yields the answer in parts that are small enough to be held unpacked until they are applied."""
        fetched, most = FetchedBatches(assignment), decompression.unpacked() + raw_batches.AT_ONCE
        try:
            for tp, position, batch in self._batches(response, places):
                fetched.add(tp, position, batch)
                if decompression.unpacked() >= most:
                    yield fetched
                    fetched, most = (
                        FetchedBatches(assignment),
                        decompression.unpacked() + raw_batches.AT_ONCE,
                    )
        except Exception as error:
            fetched = FetchedBatches(assignment, error=error)
        if fetched:
            yield fetched

    def _batches(
        self, response: Any, places: "_Places"
    ) -> Iterator[tuple[TopicPartition, int, RawBatch]]:
        """Yields (partition, position before the batch, batch). Raises CorruptRecordException."""
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
        records._records_iterator = None  # it would keep its owner alive
        return records


_Places = dict[tuple[str, int], tuple[list[tuple[int, int, int]], int]]
"""By topic and partition, where the request has its (partition, offset, bytes): (list, index)."""


def _places(request: Any) -> _Places:
    return {
        (topic, listed[at][0]): (listed, at)
        for topic, listed in request.topics
        for at in range(len(listed))
    }


def _plain(response: Any) -> bool:
    """Whether an answer has no error, and at least one whole batch of each partition with bytes."""
    return response.API_VERSION >= NEWEST and not any(
        error or (data and not RetainedBatches(data).has_next())
        for _, parts in response.topics
        for _, error, *_, data in parts
    )


def _renew(
    assignment: Any, tp: TopicPartition, listed: list[tuple[int, int, int]], at: int
) -> bool:
    """Sets a partition's offset in the request to its position. Returns False if it must not be fetched now."""
    state = assignment.state_value(tp) if assignment.active else None
    if state is None or state.paused or not state.has_valid_position:
        return False
    number, _, most = listed[at]
    listed[at] = (number, state.position, most)
    return True
