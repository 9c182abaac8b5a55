"""The consumer of a bridge: a member of its group that writes one chunk after another.

Invariant: at most one chunk is in progress, and a partition is given up only when that chunk and its offsets are
durable. Fetched records do not outlive an assignment: the next one begins at the committed offsets.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaConnectionError
from aiokafka.structs import TopicPartition

from agents.bridge.broker_time import BrokerTime
from agents.bridge.chunks import Cutter, Fetched, Piece
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.positions import Assigned, begin
from agents.bridge.producers import AtLeastOnce, ExactlyOnce, Output
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.settings import BridgeSettings
from agents.kafka import group_member, raw_batches, reconnect
from agents.kafka.reconnect import RETRY_S, connection_loss_as_error
from agents.kafka.topics import EVENTS, UNREADABLE, TopicsMissing
from agents.runtime.log import say

log = logging.getLogger("triggers.bridge")

POLL_MS: Final = 200
METADATA_MS: Final = 60_000
"""Ms until a new partition of a topic is found. It must be far below TRIGGERS_BRIDGE_START."""

REVOKE_S: Final = 20.0
"""Seconds for the current chunk before a rebalance. If it is not durable by then, the process ends."""


FRESH_S: Final = 10.0
"""A broker counts as answering if its last answer is at most this old (s)."""


class Stuck(Exception):
    """A rebalance waited too long for a chunk to become durable."""


class BridgeConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """The consumer. `polled`: time (monotonic, s) of its last poll · `assigned`: None between two assignments."""

    def __init__(
        self, settings: BridgeSettings, schemas: SchemaRegistry, metrics: BridgeMetrics
    ) -> None:
        self._settings, self._metrics = settings, metrics
        self._time = BrokerTime()
        self._cutter = Cutter(settings.topics, schemas, self._time)
        self._lock = asyncio.Lock()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way: asyncio.Task[None] | None = None
        self._consumer: Any = None
        self._output: Output | None = None
        self.assigned: Assigned | None = None
        self.polled = 0.0

    @property
    def now(self) -> int:
        """The brokers' time, ms."""
        return self._time.now()

    async def start(self) -> None:
        """Waits for a broker. Raises TopicsMissing, and KafkaError for errors that are not temporary."""
        reconnect.install()
        raw_batches.install()
        self._consumer = await group_member.start_client(self._made, log)
        self._check(await group_member.topics(self._consumer))
        if self._settings.common.delivery == "exactly_once":
            self._output = ExactlyOnce(self._settings, self._time)
        else:
            self._output = AtLeastOnce(self._settings, self._time, self._consumer)

    def _made(self) -> Any:
        common, group = self._settings.common, self._settings.group
        return group_member.member(
            common, "triggers-bridge", group, metadata_max_age_ms=METADATA_MS
        )

    def _check(self, there: Iterable[str]) -> None:
        topic = self._settings.common.topic
        known = set(there)
        faults = [
            f"{name} is missing: source {source.name} names it in `topics`; create it, or correct the sources file"
            for name, source in self._settings.topics.items()
            if name not in known
        ]
        faults += group_member.missing((topic(EVENTS), topic(UNREADABLE)), known)
        if faults:
            raise TopicsMissing("\n".join(faults))

    async def run(self) -> None:
        """Runs until it is cancelled. Raises KafkaError, Stuck, and what writing a chunk raises."""
        self._consumer.subscribe(list(self._settings.topics), listener=self)
        reading = asyncio.ensure_future(self._read())
        try:
            await asyncio.wait((reading, self._failed), return_when=asyncio.FIRST_COMPLETED)
            (self._failed if self._failed.done() else reading).result()
        finally:
            reading.cancel()

    async def _read(self) -> None:
        while True:
            assigned = self.assigned
            if assigned is None:
                await asyncio.sleep(POLL_MS / 1000)
                continue
            if not assigned.open and not await self._open(assigned):
                await asyncio.sleep(RETRY_S)
                continue
            fetched = await self._fetched()
            if self.assigned is not assigned:
                continue  # a rebalance came in between: the new assignment begins at the group's offsets
            async for piece in self._cutter.pieces(fetched, dict(assigned.next)):
                if not await self._carry(assigned, piece):
                    break

    async def _fetched(self) -> Fetched:
        """Fetched batches. Empty if a connection breaks; the caller fetches again."""
        try:
            with connection_loss_as_error():
                found: Fetched = await self._consumer.getmany(timeout_ms=POLL_MS)
        except KafkaConnectionError:
            return {}
        self.polled = time.monotonic()
        return found

    async def _carry(self, assigned: Assigned, piece: Piece) -> bool:
        """Makes a chunk durable. Returns False if the assignment has ended: its records are fetched again."""
        async with self._lock:
            if self.assigned is not assigned or not piece.chunk.next.keys() <= assigned.places:
                return False
            self._under_way = asyncio.create_task(self._durable(assigned, piece))
            await asyncio.shield(self._under_way)
            self.polled = time.monotonic()
            return True

    async def _durable(self, assigned: Assigned, piece: Piece) -> None:
        assert self._output is not None, "it has begun"
        with self._metrics.carried_seconds.time():
            await self._output.carry(piece.chunk)
        assigned.next |= piece.chunk.next
        assigned.newest |= piece.times
        for source, out in piece.outs:
            self._metrics.carried(source, out)

    async def _open(self, assigned: Assigned) -> bool:
        """Fences former owners and seeks to the committed offsets. Returns False if this must be tried again."""
        assert self._output is not None, "it has begun"
        async with self._lock:
            if self.assigned is not assigned:
                return False
            await self._output.open(assigned.places)
            try:
                with connection_loss_as_error():
                    await begin(self._consumer, assigned, self._settings, self._metrics, self.now)
            except (IllegalStateError, KafkaConnectionError):
                return False
            assigned.open = True
            return True

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Waits for the current chunk. aiokafka drops exceptions of this method."""
        try:
            async with asyncio.timeout(REVOKE_S), self._lock:
                self.assigned = None
                if self._output is not None:
                    await self._output.close()
        except TimeoutError:
            self._fail(
                Stuck(f"nothing was acknowledged for {REVOKE_S:.0f} s, and a rebalance waits")
            )
        except Exception as error:
            self._fail(error)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.assigned = Assigned(assigned)
        self._metrics.rebalances.inc()
        say(log, "assigned", partitions=len(assigned))

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    def ends(self) -> dict[TopicPartition, int | None]:
        """The ends of the partitions from a recent answer of a broker; None for a partition without one."""
        return {place: self._end(place) for place in self.assigned.places} if self.assigned else {}

    def known_ends(self) -> dict[TopicPartition, int | None]:
        """The ends as of the last answers, however old. While a chunk waits to be written, nothing new is asked."""
        return (
            {place: self._known_end(place)[0] for place in self.assigned.places}
            if self.assigned
            else {}
        )

    def _end(self, place: TopicPartition) -> int | None:
        end, asked = self._known_end(place)
        fresh = asked is not None and time.time() - asked / 1000 < FRESH_S
        return end if fresh else None

    def _known_end(self, place: TopicPartition) -> tuple[int | None, float | None]:
        """(the end of a partition, when a broker said so: ms)."""
        try:
            asked = self._consumer.last_poll_timestamp(place)
            return self._consumer.last_stable_offset(place), asked
        except IllegalStateError:
            return None, None

    async def stop(self) -> None:
        """Finishes the current chunk and leaves the group."""
        if self._under_way is not None and not self._under_way.done():
            await asyncio.wait((self._under_way,), timeout=group_member.GRACE_S)
        if self._consumer is not None:
            await self._consumer.stop()
        if self._output is not None:
            await self._output.stop()
