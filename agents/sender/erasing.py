"""Deletes the idempotency records of an erased person.

It follows `people.erased`, finds the ids in the topics of triggers, and deletes their records. If an older message
is settled later, such as the cancel of an erased person, its record is deleted then. No trigger is sent again: each
older one has expired, or its cancel follows. A cancel may be sent twice.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any, Final

from agents.config.settings import Settings
from agents.explain import own_records
from agents.explain.decision_sources import Kafka
from agents.explain.lookup import at_of
from agents.kafka.tail import OffsetsAt, TopicTail, Tp
from agents.sender.idempotency import KEPT_MS, IdempotencyStore, IdempotencyUnavailable
from agents.sender.message import Message
from agents.worker.producer import ERASED
from stream.durations import DAY

LOOK_BACK_MS: Final = 8 * DAY + KEPT_MS
"""Ms to look back. Older triggers have expired: they are valid for about a week, and their records live a day longer."""

AGAIN_S: Final = 1.0
"""Seconds between attempts while no record can be deleted."""


class ErasedPeople:
    """Follows erasures; a reader of a TopicTail. `people`: erased persons, and up to when (ms)."""

    def __init__(self, settings: Settings, store: IdempotencyStore) -> None:
        self._settings, self._store = settings, store
        self.people: dict[str, int] = {}
        self._tail = TopicTail(settings, self, "erased")

    async def run(self) -> None:
        """Runs until cancelled."""
        await self._tail.run()

    def wants(self, topic: str, partition: int) -> bool:
        return topic == ERASED

    async def starts(
        self, partitions: Collection[Tp], begin: dict[Tp, int], end: dict[Tp, int], at: OffsetsAt
    ) -> dict[Tp, int]:
        return await at(int(time.time() * 1000) - LOOK_BACK_MS, partitions)

    async def take(self, topic: str, partition: int, records: Sequence[Any]) -> int | None:
        """Notes erased persons, and deletes their records. Skips what no worker wrote: reading it again would not help.

        Raises KafkaError: the tail then reads the records again.
        """
        values = [each.value for each in records if each.value is not None]
        read = [found["data"] for value in values if (found := own_records.erasure(value))]
        for each in read:
            self.people[each["person"]] = max(each["at"], self.people.get(each["person"], 0))
        await self._forget_sent({each["person"] for each in read})
        return None

    async def _forget_sent(self, people: Collection[str]) -> None:
        since = int(time.time() * 1000) - LOOK_BACK_MS
        async with Kafka(self._settings) as source:
            triggers = await source.triggers(people, since)
        for each in triggers:
            if at_of(each) <= self.people[each["subject"]]:
                await self._forget(each["id"])

    async def settled(self, key: bytes | None, message: Message | None) -> None:
        """Deletes the record of a settled message if its person was erased; of a cancel also that of its trigger.

        `key`: the record key.
        """
        person = "" if key is None else key.decode("utf-8", "replace")
        if message is not None and message.at <= self.people.get(person, -1):
            for id in dict.fromkeys((message.id, message.trigger_id)):
                await self._forget(id)

    async def _forget(self, id: str) -> None:
        while True:
            try:
                return await self._store.forget(id)
            except IdempotencyUnavailable:
                await asyncio.sleep(AGAIN_S)
