"""Fires due deadlines a few at a time, so that nothing else waits for a million of them.

After an outage, or when a recipe changes, many deadlines can be due at once. A stage fires a few in each call.
A watermark record announces their time only when all have fired. Between two calls the worker applies events,
sends exit triggers and handles other partitions.
"""

import asyncio
from typing import Final

from agents.worker.assignment import Assignment

MOST: Final = 200
"""Deadlines that fire in one call. A visitor's takes about 20 µs, a person's up to 150 µs. More: exit triggers wait
longer. Fewer: more and smaller batches to send."""


class Deadlines:
    """Fires due deadlines whenever the assignment's event `owing` is set."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    async def run(self) -> None:
        """Runs for ever. Raises what the producer raises."""
        while True:
            await self._assignment.owing.wait()
            self._assignment.owing.clear()
            while owing := [
                processor for processor in self._assignment.owned() if processor.stage.owes
            ]:
                for processor in owing:
                    await self._assignment.catch_up(processor)
                    await asyncio.sleep(0)
