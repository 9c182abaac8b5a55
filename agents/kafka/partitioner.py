"""Finds the partition of a key by the rule of the Java client, so that all writers agree."""

from functools import lru_cache

from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, from 0. Cached, because the hash costs more than the rest of a send."""
    hashed: int = murmur2(key) & 0x7FFFFFFF
    return hashed % partitions


async def partition_counts(consumer: AIOKafkaConsumer) -> dict[str, int]:
    """The number of partitions of every visible topic. Raises aiokafka's KafkaError.

    A consumer itself knows only topics that existed when it started, and those assigned to it.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}
