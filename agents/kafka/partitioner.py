"""Finds the partition of a key by the rule of the Java client, so that all writers agree."""

from aiokafka import AIOKafkaConsumer

try:
    from stream.native._visitors import murmur2  # aiokafka's takes a hundred times as long
except ImportError:  # pragma: no cover - where there was no compiler
    from aiokafka.partitioner import murmur2  # type: ignore[no-redef]


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, from 0."""
    hashed: int = murmur2(key) & 0x7FFFFFFF
    return hashed % partitions


async def partition_counts(consumer: AIOKafkaConsumer) -> dict[str, int]:
    """The number of partitions of every visible topic. Raises aiokafka's KafkaError.

    A consumer itself knows only topics that existed when it started, and those assigned to it.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}
