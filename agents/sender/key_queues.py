"""One queue for each person. Messages of a person are sent one after the other, in order; queues run concurrently."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from agents.sender.delivery import Attempt


class KeyQueues:
    """The queues. `settle`: delivers one record."""

    def __init__(self, settle: Callable[[Attempt], Awaitable[None]]) -> None:
        self._settle = settle
        self._attempts: dict[bytes | None, deque[Attempt]] = {}
        self._tasks: dict[bytes | None, asyncio.Task[None]] = {}
        self._fault: BaseException | None = None

    def add(self, attempt: Attempt) -> None:
        key = attempt.record.key
        if key in self._attempts:
            self._attempts[key].append(attempt)
            return
        self._attempts[key] = deque([attempt])
        task = self._tasks[key] = asyncio.create_task(self._run(key))
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Raises the error of a queue, if one has failed."""
        if self._fault:
            raise self._fault

    async def close(self, grace: float) -> None:
        """Cancels attempts that only wait. Open requests have `grace` seconds to end."""
        tasks = list(self._tasks.items())
        for key, task in tasks:
            attempts = self._attempts[key]
            for attempt in attempts:
                attempt.last = True
            if not attempts[0].sending:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait([task for _, task in tasks], timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _run(self, key: bytes | None) -> None:
        attempts = self._attempts[key]
        try:
            while attempts and not attempts[0].last:
                await self._settle(attempts[0])
                attempts.popleft()
        finally:
            del self._attempts[key], self._tasks[key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self._fault = task.exception()
