"""A worker: its parts, and the loops that run beside Faust's agents."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.reconnect import connection_loss_as_error, start_when_available
from agents.kafka.topics import Layout
from agents.worker import faust_app
from agents.worker.assignment import Assignment
from agents.worker.checkpoint import Checkpoint
from agents.worker.consumer import BatchConsumer
from agents.worker.deadlines import Deadlines
from agents.worker.metrics import Metrics
from agents.worker.processors import maker
from agents.worker.producer import OutputProducer
from agents.worker.rebalance import Rebalance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.watermarks import WatermarkEmitter, margin_of
from stream.recipes.history import History
from stream.recipes.recipe import Recipes

BACKLOG: Final = 5_000
"""Unread records above which each record must cost little: transactions are committed more rarely, and a checkpoint does
not pause. In a backlog most states that it packs ahead would change again."""

GROUP_S: Final = 5.0
"""Seconds between checks whether the worker is still in its group. Longer: one that is not ends later. Shorter: an
idle worker uses more CPU, because each check wakes the consumer's thread."""


class AppFailed(Exception):
    """Faust stopped. Its log has the reason."""

    def __init__(self) -> None:
        super().__init__("Faust stopped by itself; its lines above say why")


class Worker:
    """The worker of a process. `start`, `run` and `stop` raise every error after which it cannot continue."""

    def __init__(
        self, settings: Settings, recipes: Recipes, layout: Layout, brokers: int, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._producer = OutputProducer(settings, layout)
        self._offsets = Offsets(settings)
        self._app = faust_app.make(settings)
        self._group: BatchConsumer = self._app.consumer
        self._checkpoint = Checkpoint(self._group.commit_offsets, metrics)
        self.assignment = Assignment(self._group, self._offsets, self._checkpoint, metrics)
        advanced = asyncio.Event()
        margin, history = margin_of(settings, brokers), History(recipes)
        documents = self._offsets, metrics.recipes, layout.inputs
        self.follower = RecipesFollower(settings, history, *documents)
        make = maker(settings, self.follower, layout, self._producer, metrics, advanced)
        broker = self._group, self._offsets
        listener = Rebalance(settings, make, self.assignment, *broker, metrics)
        faust_app.connect(self._app, settings, self.assignment, listener, self._offsets.fetch)
        clock = self._producer, self._offsets, metrics, margin
        self.watermarks = WatermarkEmitter(
            settings, layout, self.assignment, self.follower, *clock, advanced
        )
        self._deadlines = Deadlines(self.assignment)

    async def start(self) -> None:
        """Connects, and reads the recipes' documents. It may be cancelled: it joins no group and writes nothing."""
        for start in (self._producer.start, self._offsets.start):
            await start_when_available(start, wanted=lambda: True)
        await self.follower.start()

    async def run(self) -> None:
        """Runs for ever, or until an error. It needs `start` first."""
        async with asyncio.TaskGroup() as tasks:
            clock = self.watermarks.run, self.watermarks.announce_keys, self._deadlines.run
            state = self._checkpoints, self.follower.run
            for work in (self._faust, *state, *clock, self._failure, self._membership):
                tasks.create_task(_run_task(work))

    async def _faust(self) -> None:
        await self._app.start()
        await self._app.wait_until_stopped()
        raise AppFailed

    async def _failure(self) -> None:
        await self.assignment.failed

    async def _membership(self) -> None:
        while True:
            await asyncio.sleep(GROUP_S)
            await self._group.check()

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(self._pause_ms() / 1000)
            await self._checkpoint(self.assignment.owned(), urgent=self._is_behind())

    def _pause_ms(self) -> float:
        """Ms between two checkpoints. A restart applies the input since the last one again.

        With transactions it is shorter: readers see an output only after its checkpoint.
        """
        pause, transaction = self._settings.checkpoint_ms
        if self._settings.delivery == "at_least_once":
            return pause
        return pause if self._is_behind() else transaction

    def _is_behind(self) -> bool:
        owned = self.assignment.owned()
        return sum(max(0, each.end - each.position) for each in owned) > BACKLOG

    async def stop(self) -> None:
        """Stops the input, writes and commits everything, and leaves the group."""
        await self.assignment.stop()
        await self._app.stop()
        await self._producer.stop()
        await self._offsets.stop()


async def _run_task(work: Callable[[], Awaitable[None]]) -> None:
    """Runs a task. Raises KafkaConnectionError if a broken connection cancels it, which would end it silently."""
    with connection_loss_as_error():
        await work()
