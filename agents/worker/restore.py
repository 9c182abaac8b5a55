"""Restores states from the changelogs.

A consumer outside the group reads each changelog partition from its beginning to the end that it had when the
restore began. It stops as soon as another worker may own the partitions.
"""

import gc
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import start_when_available
from agents.runtime.log import say
from agents.worker import malloc
from agents.worker.any_stage import AnyStage
from agents.worker.group import PartitionBounds

log = logging.getLogger("triggers.state")

FETCH_BYTES: Final = 1024 * 1024
"""Compressed bytes of a partition in a fetch. Fewer: more waiting for the broker. More: more memory."""


class StateError(Exception):
    """A topic contradicts what was already processed of it."""


async def restore(
    settings: Settings,
    bounds: PartitionBounds,
    stages: Mapping[tuple[str, int], AnyStage],
    still_ours: Callable[[], bool],
) -> bool:
    """Fills the stages from their changelog partitions. Returns False if they are no longer ours.

    `stages`: by changelog topic and partition. Raises KafkaError, and UnreadableState for another format.
    """
    started = time.monotonic()
    ends = await bounds.ends(stages)
    first = await bounds.beginnings(stages)
    unread = [tp for tp in stages if first[tp] < ends[tp]]
    records = 0
    if unread:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(settings),
            client_id="triggers-restore",
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            if not await start_when_available(consumer.start, still_ours):
                return False
            for tp in unread:  # one at a time, so that the next reuses the memory
                reached, place = first[tp], TopicPartition(*tp)
                consumer.assign([place])
                consumer.seek(place, reached)
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
    malloc.trim()
    seconds = round(time.monotonic() - started, 3)
    say(log, "restored", partitions=len(stages), records=records, seconds=seconds)
    return still_ours()


def fill(stage: AnyStage, batches: Iterable[RawBatch]) -> int:
    """Passes changelog records to the stage, in order. Returns their number."""
    records = 0
    for batch in batches:
        records += batch.count
        stage.restore(batch.pairs())
    return records
