"""Reads the brokers' clock once a second, and announces watermarks. Source: docs/semantics.md, 1.

In a round this worker appends a watermark record; the broker acknowledges it with its time T. Then the worker
fetches the ends of the input partitions from their leaders (a record before T may not be replicated yet). A
processor that has read up to that end has processed everything before T. Without new records the time T is
announced at once. The time of new records is announced once a round, or more often if TRIGGERS_LATENCY_MS is
short. Rounds are rarer while nothing waits. In a replay only records advance time. The keys stage announces its
time as soon as it has decided.
"""

import asyncio
import time
from contextlib import suppress
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, Layout
from agents.worker.assignment import Assignment
from agents.worker.broadcast import Broadcast
from agents.worker.metrics import KEYS, VISITORS, Metrics
from agents.worker.producer import OutputProducer
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.visitors import VisitorsProcessor
from agents.worker.waiting import WaitingProcessor

ROUND_S: Final = 1.0
"""Seconds of a round. Longer: quiet partitions fire later. Shorter: more watermark records in every partition of
claims and facts."""

IDLE_ROUND_S: Final = 2.5
"""Seconds of a round if nothing was read for IDLE_AFTER_S and nothing waits. Longer: a deadline fires later.
Shorter: needless CPU."""

IDLE_AFTER_S: Final = 10.0
"""Seconds without input before rounds are rarer. Shorter: with an event every few seconds, an order cancels later."""

PAUSES_PER_ANNOUNCEMENT: Final = 20
"""Live: pauses of the fetching (TRIGGERS_LATENCY_MS) between two announcements of the time of new records, rounded so
that a round has a whole number of announcements. More: an order cancels later. Fewer: more watermark records."""

LEAST_PAUSES: Final = 1.5
"""Announcement pauses that must be left before the next round. With fewer left, the round announces."""

REPLAY_ANNOUNCE_S: Final = 0.05
"""Seconds between checks whether there is a later time to announce: in a replay from records, with transactions
from a commit."""

KEYS_PAUSE_S: Final = 0.02
"""Seconds between a decision of the keys stage and its watermark record, so that one record serves several partitions.
Longer: the people stage waits. Shorter: a record for each partition."""

APPEND_MS: Final = 100
"""Ms that evidence stays behind the clock of a single broker. A broker stamps a record a moment before it appends it;
on a busy machine that moment is long. Shorter: a record may come after its time has passed. Longer: idle visitors are
noticed later."""

MARGIN_MS: Final = 2_000
"""Ms that evidence stays behind the clocks of several brokers, to cover their skew."""


def margin_of(settings: Settings, brokers: int) -> int:
    """How far (ms) evidence stays behind the brokers' clock."""
    if settings.margin_ms is not None:
        return settings.margin_ms
    return MARGIN_MS if brokers > 1 else APPEND_MS


class WatermarkEmitter:
    """Announces watermarks. `answered_at`: time (monotonic, s) of a broker's last answer."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        assignment: Assignment,
        follower: RecipesFollower,
        producer: OutputProducer,
        offsets: Offsets,
        metrics: Metrics,
        margin: int,
        advanced: asyncio.Event,
    ) -> None:
        """`advanced`: set when a partition of the keys stage may announce a later time."""
        self.answered_at = 0.0
        self._replay = settings.time == "record"
        is_frequent = self._replay or settings.delivery == "exactly_once"
        self._announce_s = REPLAY_ANNOUNCE_S
        if not is_frequent:
            wanted = max(REPLAY_ANNOUNCE_S, PAUSES_PER_ANNOUNCEMENT * settings.latency_ms / 1000)
            self._announce_s = ROUND_S / max(1, int(ROUND_S / wanted))
        self._positions, self._active_at = 0, time.monotonic()
        facts = [TP(settings.topic(FACTS), number) for number in range(layout.people)]
        claims = [TP(settings.topic(CLAIMS), number) for number in range(layout.keys)]
        self._visitors = Broadcast(VISITORS, layout.inputs, claims + facts, assignment, producer)
        self._keys = Broadcast(KEYS, layout.keys, facts, assignment, producer)
        self._clock_partition = facts[:1]
        # a worker without partitions fetches this end, to see whether a broker answers
        self._probe_partition = TP(settings.topic(EVENTS), 0)
        self._assignment = assignment
        self._offsets = offsets
        self._metrics = metrics
        self._margin = margin
        self._follower = follower
        self._advanced = advanced

    async def run(self) -> None:
        """Runs for ever. Raises what the clients raise: without the time a worker must not continue."""
        while True:
            began = time.monotonic()
            await self.round()
            while (left := began + self._pause() - time.monotonic()) > 0:
                await asyncio.sleep(min(left, self._announce_s))
                if left > LEAST_PAUSES * self._announce_s and self._visitors.moved():
                    await self._visitors.announce()

    def _pause(self) -> float:
        """Seconds until the next round: IDLE_ROUND_S while nothing is read and nothing waits."""
        processors, now = self._assignment.owned(), time.monotonic()
        read = sum(each.position for each in processors if isinstance(each, VisitorsProcessor))
        waiting = (each for each in processors if isinstance(each, WaitingProcessor))
        if read != self._positions or any(each.stage.waits for each in waiting):
            self._positions, self._active_at = read, now
        return ROUND_S if self._replay or now - self._active_at < IDLE_AFTER_S else IDLE_ROUND_S

    async def announce_keys(self) -> None:
        """Runs for ever: announces the time of the keys stage after each decision, and once a round. Raises like `run`."""
        while True:
            began = time.monotonic()
            await self._keys.announce()
            while (left := began + IDLE_ROUND_S - time.monotonic()) > 0 and not self._keys.moved():
                self._advanced.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._advanced.wait()
            await asyncio.sleep(KEYS_PAUSE_S)

    async def round(self) -> None:
        """Reads the clock and the ends once, passes them to the processors, and announces."""
        processors = self._assignment.owned()
        inputs = [processor for processor in processors if isinstance(processor, VisitorsProcessor)]
        moved = not self._replay and self._visitors.moved()
        now = 0 if self._replay or not processors else await self._broker_time(moved)
        with_log_end = [processor.tp for processor in inputs] + [self._follower.tp] * bool(
            processors
        )
        ends, log_end_offsets = await asyncio.gather(
            self._offsets.ends(
                [processor.tp for processor in processors] or [self._probe_partition]
            ),
            self._offsets.log_end_offsets([] if self._replay else with_log_end),
        )
        self.answered_at = time.monotonic()
        for processor in processors:
            processor.update_end_offset(ends[processor.tp])
        if processors and not self._replay:
            self._follower.confirm_end(log_end_offsets[self._follower.tp], now - self._margin)
            reached = min(now - self._margin, self._follower.known_until - 1)
            for processor in inputs:
                await processor.confirm_end(log_end_offsets[processor.tp], reached)
            self._assignment.owing.set()
        if not moved:
            await self._visitors.announce()

    async def _broker_time(self, moved: bool) -> int:
        """The broker's time (ms) at which it has just appended a watermark record of this worker.

        If time has `moved`, the record is the next announcement, else a repetition of the last.
        """
        append = (
            self._visitors.announce() if moved else self._visitors.repeat(self._clock_partition)
        )
        stamped = await append
        self._metrics.set_broker_time(stamped)
        return stamped
