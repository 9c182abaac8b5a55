"""The clock: what the brokers say about time, once a second, and the marks that pass it on.

A round: a mark of our own is acknowledged with the broker's time T; after that the ends of the input
partitions are asked, of what their leaders have, for a record below T may not be replicated yet; whoever has
processed up to its end has processed everything before T. What that
proves is broadcast as soon as it is acknowledged, not a round later; what records prove in between, a few
times a round. In a replay only records move time.
Source: docs/semantics.md, 1.
"""

import asyncio
import time
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.topics import EVENTS, Layout
from agents.worker.assignment import Ownership
from agents.worker.metrics import Metrics
from agents.worker.producer import Sender, acknowledged
from agents.worker.visitors import VisitorsShard
from stream.stages.watermark import mark

ROUND_S: Final = 1.0
"""Longer: quiet partitions fire later. Shorter: more marks, each a record in every partition of facts."""

TELLING_S: Final = 0.25
"""Live, from look to look whether records have moved time meanwhile. Longer: an order cancels later; shorter:
more marks."""

PASSING_S: Final = 0.05
"""In a replay, from look to look whether the records have moved time; with transactions, whether one that
vouches for more has been committed."""

MARGIN_MS: Final = 2_000
"""With several brokers: covers their clocks' skew."""


class Evidence:
    """`asked`: when (monotonic, s) the ends were last told by the broker."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        ownership: Ownership,
        sender: Sender,
        offsets: Offsets,
        metrics: Metrics,
        brokers: int,
    ) -> None:
        self.asked = 0.0
        self._replay = settings.time == "record"
        often = self._replay or settings.delivery == "exactly_once"
        self._telling = PASSING_S if often else TELLING_S
        self._sources = layout.inputs
        self._everywhere = range(layout.people)
        self._any = TP(
            settings.topic(EVENTS), 0
        )  # asked by who owns nothing: whether a broker answers
        self._ownership = ownership
        self._sender = sender
        self._offsets = offsets
        self._metrics = metrics
        alone = MARGIN_MS if brokers > 1 else 0
        self._margin = alone if settings.margin_ms is None else settings.margin_ms
        self._told: dict[int, int] = {}

    async def run(self) -> None:
        """For ever. Raises what the clients raise: whoever cannot tell the time must not go on."""
        while True:
            began = time.monotonic()
            await self.round()
            while (left := began + ROUND_S - time.monotonic()) > 0:
                await asyncio.sleep(min(left, self._telling))
                if self._moved():
                    await self.broadcast(self._inputs())

    def _inputs(self) -> list[VisitorsShard]:
        owned = self._ownership.owned()
        return [shard for shard in owned if isinstance(shard, VisitorsShard)]

    def _moved(self) -> bool:
        return any(
            shard.vouched > self._told.get(shard.tp.partition, -1) for shard in self._inputs()
        )

    async def round(self) -> None:
        """Asks the brokers once, and passes on what it proves."""
        shards, inputs = self._ownership.owned(), self._inputs()
        now = 0 if self._replay or not inputs else await self._broker_time()
        ends, appended = await asyncio.gather(
            self._offsets.ends([shard.tp for shard in shards] or [self._any]),
            self._offsets.appended([] if self._replay else [shard.tp for shard in inputs]),
        )
        self.asked = time.monotonic()
        for shard in shards:
            shard.reached(ends[shard.tp])
        if not self._replay:
            for shard in inputs:
                await shard.prove(appended[shard.tp], now - self._margin)
        await self.broadcast(inputs)

    async def _broker_time(self) -> int:
        """The broker's time (ms) at which a record of ours was appended a moment ago."""
        acks = await self._sender.mark(mark(self._told, self._sources), self._everywhere[:1])
        stamped: int = min(meta.timestamp for meta in await acknowledged(acks))
        self._metrics.heard(stamped)
        return stamped

    async def broadcast(self, inputs: list[VisitorsShard]) -> None:
        """Tells the people stage, in all partitions, what the facts sent so far vouch for."""
        if not inputs:
            return
        for shard in inputs:
            await shard.settle()
        self._told = {shard.tp.partition: shard.proven for shard in inputs}
        await acknowledged(
            await self._sender.mark(mark(self._told, self._sources), self._everywhere)
        )
