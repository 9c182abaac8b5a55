"""Looks for erased persons in the states, and erases what is kept: one pass over the changelogs for all of them."""

import logging
from collections.abc import Sequence
from typing import Any

from agents.config.settings import Settings
from agents.eraser.followed import OpenErasure
from agents.eraser.metrics import EraserMetrics
from agents.erasure import writing
from agents.erasure.events import of_states
from agents.erasure.finding import Sought, find, find_left
from agents.erasure.states import Changelogs
from agents.kafka import group_member
from agents.kafka.reconnect import connection_loss_as_error
from agents.kafka.topics import EVENTS
from agents.runtime.log import say
from agents.worker.producer import AUDIENCES

log = logging.getLogger("triggers.eraser")


class ErasurePasses:
    """Reads the states, and writes events. Every method raises KafkaError."""

    def __init__(self, settings: Settings, metrics: EraserMetrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._producer: Any = None

    async def start(self) -> None:
        """Starts, and waits for a broker."""
        self._producer = await group_member.start_client(
            lambda: writing.producer(self._settings), log
        )

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def look(self, erasures: Sequence[OpenErasure]) -> list[Sought]:
        """What is kept of each person. Raises UnreadableState."""
        found = [Sought(each.names, each.at) for each in erasures]
        with self._metrics.pass_seconds.time(), connection_loss_as_error():
            async with Changelogs(self._settings) as changelogs:
                await find(changelogs, found)
                await find_left(changelogs, found)
        for each in found:
            self._metrics.looks.labels("kept" if each.is_kept else "clean").inc()
        return found

    async def erase(self, kept: Sequence[Sought]) -> None:
        """Writes the events that erase what is kept."""
        number = 0
        with connection_loss_as_error():
            counts = {
                topic: len(await self._producer.partitions_for(self._settings.topic(topic)))
                for topic in (EVENTS, AUDIENCES)
            }
            for each in kept:
                made = of_states(each.wanted, each.visitors) if each.has_states else []
                write = (writing.ERASER, made, each.left, counts)
                await writing.write(self._producer, self._settings, *write)
                number += len(made) + len(each.left)
        self._metrics.events.inc(number)
        say(log, "erased", persons=len(kept), records=number)
