"""One lane a person: what is theirs goes in the order it was read, one after the other; lanes side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from agents.sender.delivery import Errand


class Lanes:
    """`settle` brings an errand to its end."""

    def __init__(self, settle: Callable[[Errand], Awaitable[None]]) -> None:
        self._settle = settle
        self._errands: dict[bytes | None, deque[Errand]] = {}
        self._tasks: dict[bytes | None, asyncio.Task[None]] = {}
        self._fault: BaseException | None = None

    def add(self, errand: Errand) -> None:
        key = errand.record.key
        if key in self._errands:
            self._errands[key].append(errand)
            return
        self._errands[key] = deque([errand])
        task = self._tasks[key] = asyncio.create_task(self._run(key))
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Raises what a lane raised."""
        if self._fault:
            raise self._fault

    async def close(self, grace: float) -> None:
        """What only waits is left at once; what is on its way has so many seconds."""
        tasks = list(self._tasks.items())
        for key, task in tasks:
            first = self._errands[key][0]
            first.last = True
            if not first.sending:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait([task for _, task in tasks], timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _run(self, key: bytes | None) -> None:
        errands = self._errands[key]
        try:
            while errands and not errands[0].last:
                await self._settle(errands[0])
                errands.popleft()
        finally:
            del self._errands[key], self._tasks[key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self._fault = task.exception()
