"""The command `worker`, with a worker in memory: what its end leaves behind."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any

import pytest

from agents.commands import worker as command
from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import Layout
from agents.worker.worker import AppFailed
from stream import recipes_file


class StoppedWorker:
    """A worker that fails once it is stopped, as Faust's loop does. `failed`: whether it has."""

    failed = False

    def __init__(self, *parts: Any) -> None:
        self.assignment = self.watermarks = self.follower = None
        self._stopped = asyncio.Event()

    async def start(self) -> None:
        pass

    async def run(self) -> None:
        await self._stopped.wait()
        StoppedWorker.failed = True
        raise AppFailed

    async def stop(self) -> None:
        self._stopped.set()
        await asyncio.sleep(0.01)


def test_a_stop_leaves_no_failure_that_nobody_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio logs such a failure as an error, and a stop by a signal is none."""
    told: list[str] = []

    async def ready(*given: Any) -> tuple[Layout, int]:
        return Layout(1, 1, 1), 1

    async def serve(*given: Any) -> None:
        pass

    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(str(what)))
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, stop.set)
        await command.serve(Settings(metrics=None), recipes_file.DEFAULT, stop)
        gc.collect()

    monkeypatch.setattr(command, "Worker", StoppedWorker)
    monkeypatch.setattr(command, "health", SimpleNamespace(serve=serve))
    monkeypatch.setattr(command, "Health", lambda: SimpleNamespace(observe=lambda *parts: None))
    monkeypatch.setattr(cluster_admin, "ready", ready)
    asyncio.run(test())
    assert StoppedWorker.failed
    assert told == []
