"""/live, /ready and /metrics. Alive means progress; ready means restored, caught up and with a broker.

A worker is not alive when the broker answers and there is input that it does not move on with: it is
deaf, and to start it again helps. While no broker answers nothing can be said against it.
"""

import time
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.runtime import probes
from agents.worker.assignment import Ownership
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Shard
from agents.worker.watermarks import Evidence

STILL_S: Final = 60.0
"""Behind and without a step for so long: deaf. Shorter: a long pause of the machine is called death."""

HELD_S: Final = 300.0
"""Holds partitions without letting them flow for so long. Shorter: a long restore is called death."""

FRESH_S: Final = 10.0
"""Age of what the broker said last of the ends, up to which it counts as answering."""


class Health:
    """Looked at whenever somebody asks; it runs nothing of its own."""

    def __init__(self) -> None:
        self._ownership: Ownership | None = None
        self._evidence: Evidence | None = None
        self._stands: dict[TP, tuple[int, float]] = {}

    def look_at(self, ownership: Ownership, evidence: Evidence) -> None:
        """The topics are right; from now on there is something to tell of."""
        self._ownership, self._evidence = ownership, evidence

    @property
    def shards(self) -> list[Shard]:
        """Of the partitions that are this worker's now."""
        return self._ownership.owned() if self._ownership else []

    @property
    def _answering(self) -> bool:
        return self._evidence is not None and time.monotonic() - self._evidence.asked < FRESH_S

    def unready(self) -> list[str]:
        """What is missing for readiness."""
        found = []
        if self._ownership is None or not self._ownership.flowing:
            found.append("no assignment yet, or a rebalance or a restore is under way")
        if not all(shard.caught_up for shard in self.shards):
            found.append("catching up with the input")
        if not self._answering:
            found.append("no broker answers")
        return found

    def deaf(self) -> list[str]:
        """Partitions that have input and have not moved on with it for long, or have never begun to."""
        now, shards = time.monotonic(), self.shards
        since = self._ownership.held_since if self._ownership else None
        if self._answering and since is not None and now - since > HELD_S:
            return [f"a rebalance or a restore has not ended for {now - since:.0f} s"]
        self._stands = {
            shard.tp: self._stands[shard.tp]
            if self._stands.get(shard.tp, (-1, 0.0))[0] == shard.position
            else (shard.position, now)
            for shard in shards
        }
        return [
            f"{shard.tp.topic} {shard.tp.partition} stands at {shard.position} of {shard.end}"
            for shard in shards
            if self._answering
            and shard.position < shard.end
            and now - self._stands[shard.tp][1] > STILL_S
        ]


async def serve(settings: Settings, health: Health, metrics: Metrics) -> None:
    """Answers for as long as the process runs. Raises OSError when the address is taken."""

    def page() -> bytes:
        metrics.look(health.shards)
        return metrics.text()

    if settings.metrics is not None:
        await probes.serve(settings.metrics, health.deaf, health.unready, page)
