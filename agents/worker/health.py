"""/live, /ready and /metrics. Live: the worker makes progress. Ready: it is restored, caught up, and a broker answers.

A worker is not live if a broker answers, there is input, and the worker makes no progress. A restart helps
then. While no broker answers it counts as live.
"""

import time
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.runtime import probes
from agents.worker.assignment import Assignment
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.watermarks import WatermarkEmitter

STILL_S: Final = 60.0
"""Seconds without progress on unread input, until the worker is not live. Shorter: a pause of the machine restarts it."""

HELD_S: Final = 300.0
"""Seconds of a rebalance or restore, until the worker is not live. Shorter: a long restore restarts it."""

FRESH_S: Final = 10.0
"""A broker counts as answering if its last answer is at most this old (s)."""


class Health:
    """The faults that the probes show. It runs no task of its own."""

    def __init__(self) -> None:
        self._assignment: Assignment | None = None
        self._emitter: WatermarkEmitter | None = None
        self.follower: RecipesFollower | None = None
        self._positions: dict[TP, tuple[int, float]] = {}

    def observe(
        self, assignment: Assignment, emitter: WatermarkEmitter, follower: RecipesFollower
    ) -> None:
        """Sets what to watch. Called once the topics are checked; before that nothing is ready."""
        self._assignment, self._emitter, self.follower = assignment, emitter, follower

    @property
    def processors(self) -> list[PartitionProcessor]:
        """The processors of this worker's partitions; none while input is held."""
        return self._assignment.owned() if self._assignment else []

    @property
    def _answering(self) -> bool:
        return self._emitter is not None and time.monotonic() - self._emitter.answered_at < FRESH_S

    def unready(self) -> list[str]:
        """A sentence for each reason why the worker is not ready."""
        faults = []
        if self._assignment is None or not self._assignment.flowing:
            faults.append("no assignment yet, or a rebalance or a restore is under way")
        if not all(processor.caught_up for processor in self.processors):
            faults.append("catching up with the input")
        if self.follower is None or not self.follower.ready:
            faults.append("reading the documents of the topic recipes")
        if not self._answering:
            faults.append("no broker answers")
        return faults

    def stalled(self) -> list[str]:
        """A sentence for each reason why the worker is not live: a long rebalance, or partitions without progress."""
        now, processors = time.monotonic(), self.processors
        since = self._assignment.held_since if self._assignment else None
        if self._answering and since is not None and now - since > HELD_S:
            return [f"a rebalance or a restore has not ended for {now - since:.0f} s"]
        seen = self._positions
        self._positions = {
            each.tp: seen[each.tp]
            if each.tp in seen and seen[each.tp][0] == each.position
            else (each.position, now)
            for each in processors
        }
        return [
            f"{processor.tp.topic} {processor.tp.partition} is at {processor.position} of {processor.end}"
            for processor in processors
            if self._answering
            and processor.position < processor.end
            and now - self._positions[processor.tp][1] > STILL_S
        ]


async def serve(settings: Settings, health: Health, metrics: Metrics) -> None:
    """Starts to serve the probes, if an address is set. Raises OSError if the address is in use."""

    def page() -> bytes:
        metrics.collect(health.processors)
        if health.follower is not None:
            metrics.recipes.collect(health.follower)
        return metrics.text()

    if settings.metrics is not None:
        await probes.serve(settings.metrics, health.stalled, health.unready, page)
