"""Which partition a key belongs to: as every Java client has it, so that all writers agree."""

from functools import lru_cache

from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition, from 0. Remembered by key: the hash costs more than the rest of a send."""
    positive: int = murmur2(key) & 0x7FFFFFFF
    return positive % partitions


async def partition_counts(consumer: AIOKafkaConsumer) -> dict[str, int]:
    """Partitions by topic, of all topics that are now and may be seen. Raises aiokafka's KafkaError.

    The consumer's own view has only what was there when it started, and what it is assigned.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}
