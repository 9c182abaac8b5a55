"""State read back from the changelogs, and the offsets that only the broker knows.

A consumer of its own, outside the group, reads the partitions' changelogs from their beginning to the end
they had when asked. It gives up as soon as the partitions may be another's.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import TopicPartition

from agents import memory
from agents.batches import RawBatch
from agents.connections import PATIENCE_S, broken_is_lost, started
from agents.log import say
from agents.settings import Settings, aiokafka_options
from stream.people import People
from stream.visitors import Visitors

log = logging.getLogger("triggers.state")

Partitions = Iterable[tuple[str, int]]
Question = Callable[[list[TopicPartition]], Awaitable[dict[TopicPartition, int]]]


FETCH_BYTES: Final = 1024 * 1024
"""Of a partition, packed. Fewer: more waiting for the broker; more: more memory."""


class StateError(Exception):
    """What a topic holds does not fit to what is to go on from it."""


class Offsets:
    """Where partitions begin and end, asked on a connection of its own.

    On the group's consumer a question would wait behind a fetch; and a consumer that reads committed
    records only would be told an end below what open transactions have already appended.
    """

    def __init__(self, settings: Settings) -> None:
        self._consumer = AIOKafkaConsumer(
            **aiokafka_options(settings), client_id="triggers-offsets", enable_auto_commit=False
        )

    async def start(self) -> None:
        """Raises KafkaConnectionError when no broker answers."""
        await self._consumer.start()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def ends(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offsets behind the last records."""
        return await self._ask(self._consumer.end_offsets, partitions)

    async def beginnings(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offsets of the first records that are still there."""
        return await self._ask(self._consumer.beginning_offsets, partitions)

    async def _ask(self, question: Question, partitions: Partitions) -> dict[tuple[str, int], int]:
        """Asks until a broker answers. Raises KafkaError for what will not pass."""
        asked = [TopicPartition(*tp) for tp in partitions]
        while asked:
            try:
                with broken_is_lost():
                    found = await question(asked)
                return {tuple(tp): offset for tp, offset in found.items()}
            except KafkaError as error:
                if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                    raise
                await asyncio.sleep(PATIENCE_S)
        return {}


async def restore(
    settings: Settings,
    offsets: Offsets,
    stages: Mapping[tuple[str, int], Visitors | People],
    still_ours: Callable[[], bool],
) -> bool:
    """Fills the stages from their changelog partitions; False if they ceased to be ours meanwhile.

    Raises KafkaError, and NewerState for a changelog that a later release wrote.
    """
    began = time.monotonic()
    ends = await offsets.ends(stages)
    first = await offsets.beginnings(stages)
    left = [tp for tp in stages if first[tp] < ends[tp]]
    records = 0
    if left:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(settings),
            client_id="triggers-restore",
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            if not await started(consumer.start, still_ours):
                return False
            for tp in left:  # one after another: what older records leave free, the next one fills
                reached, here = first[tp], TopicPartition(*tp)
                consumer.assign([here])
                consumer.seek(here, reached)
                while reached < ends[tp]:
                    if not still_ours():
                        return False
                    for batches in (await consumer.getmany(timeout_ms=500)).values():
                        records += fill(stages[tp], batches)
                        reached = batches[-1].next
        finally:
            await consumer.stop()
    for stage in stages.values():
        stage.restored()
    gc.collect()
    gc.freeze()
    memory.trim()
    seconds = round(time.monotonic() - began, 3)
    say(log, "restored", partitions=len(stages), records=records, seconds=seconds)
    return still_ours()


def fill(stage: Visitors | People, batches: Iterable[RawBatch]) -> int:
    """Hands changelog records to the stage, in their order; tells how many."""
    records = 0
    for batch in batches:
        records += batch.count
        stage.restore(batch.pairs())
    return records
