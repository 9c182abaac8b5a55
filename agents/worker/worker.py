"""The parts of a worker put together, and the two loops that run beside the agents: flush and evidence."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.reconnect import broken_is_lost, started
from agents.kafka.topics import Layout
from agents.worker import faust_app
from agents.worker.assignment import Ownership
from agents.worker.checkpoint import Flush
from agents.worker.deadlines import Deadlines
from agents.worker.metrics import Metrics
from agents.worker.processors import maker
from agents.worker.producer import Sender
from agents.worker.watermarks import Evidence
from stream.recipes.recipe import Recipes

BACKLOG: Final = 5_000
"""Records behind, from which on transactions are longer: more work for each, less for each record."""

GROUP_S: Final = 1.0
"""From look to look whether the worker is still well in its group."""


class AppFailed(Exception):
    """Faust gave up; its own log says why."""


class Service:
    """Of one process. `run` and `stop` raise whatever makes going on impossible."""

    def __init__(
        self, settings: Settings, recipes: Recipes, layout: Layout, brokers: int, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._sender = Sender(settings, layout)
        self._offsets = Offsets(settings)
        self._flush = Flush(self._commit, metrics)
        advanced = asyncio.Event()
        make = maker(settings, recipes, layout, self._sender, metrics, advanced)
        self.ownership = Ownership(settings, make, self._offsets, self._flush, metrics)
        clock = self._sender, self._offsets, metrics, brokers
        self.evidence = Evidence(settings, layout, self.ownership, *clock, advanced)
        self._deadlines = Deadlines(self.ownership)
        self._app = faust_app.make(settings, self.ownership)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        return await self.ownership.consumer.commit_offsets(offsets)

    async def run(self) -> None:
        """For ever."""
        for start in (self._sender.start, self._offsets.start):
            await started(start, wanted=lambda: True)
        async with asyncio.TaskGroup() as tasks:
            clock = self.evidence.run, self.evidence.pass_on, self._deadlines.run
            for work in (self._faust, self._flushes, *clock, self._failure, self._group):
                tasks.create_task(_whole(work))

    async def _faust(self) -> None:
        await self._app.start()
        await self._app.wait_until_stopped()
        raise AppFailed

    async def _failure(self) -> None:
        await self.ownership.failed

    async def _group(self) -> None:
        while True:
            await asyncio.sleep(GROUP_S)
            await self.ownership.consumer.check()

    async def _flushes(self) -> None:
        while True:
            await asyncio.sleep(self._pause_ms() / 1000)
            await self._flush(self.ownership.owned())

    def _pause_ms(self) -> float:
        """To the next flush: as long as a restart may take to apply again what came since. With transactions,
        readers wait for it."""
        pause, transaction = self._settings.flush_ms
        if self._settings.delivery == "at_least_once":
            return pause
        behind = sum(max(0, s.end - s.position) for s in self.ownership.owned())
        return pause if behind > BACKLOG else transaction

    async def stop(self) -> None:
        """No more input, everything written and committed, the group left."""
        await self.ownership.stop()
        await self._app.stop()
        await self._sender.stop()
        await self._offsets.stop()


async def _whole(work: Callable[[], Awaitable[None]]) -> None:
    """A task that is cancelled by a connection that breaks would end without a word."""
    with broken_is_lost():
        await work()
