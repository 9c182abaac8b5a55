"""An event loop in which waiting takes no time. For tests without a socket or a thread.

The clock of the loop stands still while anything is left to do, and then jumps to the next deadline. So a test waits for
the seconds of a limit, just below it and just above it, and ends at once. The machine's load changes nothing.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """`now`: seconds since the start, as far as deadlines have come."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(None if timeout is None else 0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.now


def run(test: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine as asyncio.run does, without its waits."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(test)
