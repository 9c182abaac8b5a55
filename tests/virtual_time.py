"""An event loop in which waiting takes no time. For tests without a socket or a thread.

Whenever nothing is left to do before the next deadline, the clock of the loop jumps to that deadline. So a test waits
for the real seconds of a limit, just below it and just above it, and ends at once.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """`skipped`: the seconds that were not waited for."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(None if timeout is None else 0)
        if not found and timeout:
            self.skipped += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._of_waits = _Selector()
        super().__init__(self._of_waits)

    def time(self) -> float:
        return super().time() + self._of_waits.skipped


def run(test: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine as asyncio.run does, without its waits."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(test)
