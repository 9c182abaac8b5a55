"""The clock: what the brokers say about time, once a second, and the marks that pass it on.

A round: a mark of our own is acknowledged with the broker's time T; after that the ends of the input
partitions are asked, of what their leaders have, for a record below T may not be replicated yet; whoever has
processed up to its end has processed everything before T. What that proves is broadcast at once where nothing else
moves time; what records prove, a few times a round. Rounds are rarer while nobody waits. In a replay only records
move time. The keys stage tells its own time as soon as it has decided. Source: docs/semantics.md, 1.
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
"""Longer: quiet partitions fire later. Shorter: more marks, each a record in every partition of claims and facts."""

IDLE_ROUND_S: Final = 2.5
"""The same where nothing was read for IDLE_AFTER_S and nothing waits. Longer: a deadline fires later; shorter: CPU for
nothing."""

IDLE_AFTER_S: Final = 10.0
"""Shorter: in a shop with an event every few seconds an order cancels later."""

TELLING: Final = 20
"""Live, from look to look whether records have moved time meanwhile, in pauses of the fetching (TRIGGERS_LATENCY_MS), and
a round has a whole number of them. More: an order cancels later; fewer: more marks."""

HALF_MORE: Final = 1.5
"""Of such a pause must be left of a round: the round itself tells what has moved."""

REPLAY_ANNOUNCE_S: Final = 0.05
"""In a replay, from look to look whether the records have moved time; with transactions, whether one that
vouches for more has been committed."""

PAUSE_S: Final = 0.02
"""From the keys stage's first partition that has decided to its mark. Longer: people wait for it; shorter: a mark for
each partition."""

MARGIN_MS: Final = 2_000
"""With several brokers: covers their clocks' skew."""


def margin_of(settings: Settings, brokers: int) -> int:
    """How far evidence stays behind the brokers' clock (ms)."""
    if settings.margin_ms is not None:
        return settings.margin_ms
    return MARGIN_MS if brokers > 1 else 0


class WatermarkEmitter:
    """`asked`: when (monotonic, s) the ends were last told by the broker."""

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
        """`advanced`: set when a partition of the keys stage may have more to tell."""
        self.asked = 0.0
        self._replay = settings.time == "record"
        often = self._replay or settings.delivery == "exactly_once"
        self._announce_s = REPLAY_ANNOUNCE_S
        if not often:
            wanted = max(REPLAY_ANNOUNCE_S, TELLING * settings.latency_ms / 1000)
            self._announce_s = ROUND_S / max(1, int(ROUND_S / wanted))
        self._read, self._lively = 0, time.monotonic()
        facts = [TP(settings.topic(FACTS), number) for number in range(layout.people)]
        claims = [TP(settings.topic(CLAIMS), number) for number in range(layout.keys)]
        self._visitors = Broadcast(VISITORS, layout.inputs, claims + facts, assignment, producer)
        self._keys = Broadcast(KEYS, layout.keys, facts, assignment, producer)
        self._stamped = facts[:1]
        self._any = TP(
            settings.topic(EVENTS), 0
        )  # asked by who owns nothing: whether a broker answers
        self._assignment = assignment
        self._offsets = offsets
        self._metrics = metrics
        self._margin = margin
        self._follower = follower
        self._advanced = advanced

    async def run(self) -> None:
        """For ever. Raises what the clients raise: whoever cannot tell the time must not go on."""
        while True:
            began = time.monotonic()
            await self.round()
            while (left := began + self._pause() - time.monotonic()) > 0:
                await asyncio.sleep(min(left, self._announce_s))
                if left > HALF_MORE * self._announce_s and self._visitors.moved():
                    await self._visitors.announce()

    def _pause(self) -> float:
        """From round to round (s): the longer while nothing happens."""
        processors, now = self._assignment.owned(), time.monotonic()
        read = sum(each.position for each in processors if isinstance(each, VisitorsProcessor))
        waiting = (each for each in processors if isinstance(each, WaitingProcessor))
        if read != self._read or any(each.stage.waits for each in waiting):
            self._read, self._lively = read, now
        return ROUND_S if self._replay or now - self._lively < IDLE_AFTER_S else IDLE_ROUND_S

    async def announce_keys(self) -> None:
        """For ever: tells how far the keys stage has decided, as soon as it has, and once a round. Raises as `run`."""
        while True:
            began = time.monotonic()
            await self._keys.announce()
            while (left := began + IDLE_ROUND_S - time.monotonic()) > 0 and not self._keys.moved():
                self._advanced.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._advanced.wait(), left)
            await asyncio.sleep(PAUSE_S)

    async def round(self) -> None:
        """Asks the brokers once, and passes on what it proves."""
        processors = self._assignment.owned()
        inputs = [processor for processor in processors if isinstance(processor, VisitorsProcessor)]
        moved = not self._replay and self._visitors.moved()
        now = 0 if self._replay or not processors else await self._broker_time(moved)
        asked = [processor.tp for processor in inputs] + [self._follower.tp] * bool(processors)
        ends, log_end_offsets = await asyncio.gather(
            self._offsets.ends([processor.tp for processor in processors] or [self._any]),
            self._offsets.log_end_offsets([] if self._replay else asked),
        )
        self.asked = time.monotonic()
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
        """The broker's time (ms) at which a record of ours was appended a moment ago: of the marks that are to be sent
        anyway, if time has `moved`."""
        told = self._visitors.announce() if moved else self._visitors.repeat(self._stamped)
        stamped = await told
        self._metrics.set_broker_time(stamped)
        return stamped
