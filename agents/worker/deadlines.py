"""What is due and has not fired yet: some at a time, so that nobody waits for a million of them.

After an outage, or with a recipe that changes, any number of deadlines is due at one moment. A stage fires a few
with each call and has reached that time once all have fired: only then does a mark tell of it. Between two calls events are
applied, exit triggers sent and other partitions served.
"""

import asyncio
from typing import Final

from agents.worker.assignment import Ownership

MOST: Final = 200
"""Deadlines that fire at a stretch: a visitor takes some 20 µs, a person up to 150. More: exit triggers wait longer;
fewer: more and smaller batches to send."""


class Deadlines:
    """Looks whenever the ownership says that a partition owes some."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership

    async def run(self) -> None:
        """For ever. Raises what the producer raises."""
        while True:
            await self._ownership.owing.wait()
            self._ownership.owing.clear()
            while owing := [shard for shard in self._ownership.owned() if shard.stage.owes]:
                for shard in owing:
                    await self._ownership.catch_up(shard)
                    await asyncio.sleep(0)
