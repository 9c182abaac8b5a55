"""Fires what is due, some at a time, so that nobody waits for a million deadlines.

After an outage, or when a recipe changes, any number of deadlines can be due at one moment. A stage fires a few with
each call. Only when all have fired does a watermark record announce that time. Between two calls events are applied,
exit triggers are sent, and other partitions have their turn.
"""

import asyncio
from typing import Final

from agents.worker.assignment import Assignment

MOST: Final = 200
"""Deadlines that fire at a stretch: a visitor takes some 20 µs, a person up to 150. More: exit triggers wait longer;
fewer: more and smaller batches to send."""


class Deadlines:
    """Looks whenever the assignment says that a partition owes some."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    async def run(self) -> None:
        """For ever. Raises what the producer raises."""
        while True:
            await self._assignment.owing.wait()
            self._assignment.owing.clear()
            while owing := [
                processor for processor in self._assignment.owned() if processor.stage.owes
            ]:
                for processor in owing:
                    await self._assignment.catch_up(processor)
                    await asyncio.sleep(0)
