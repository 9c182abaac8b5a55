"""Finds the partition of a key by the rule of the Java client, so that all writers agree."""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError

try:
    from stream.native._visitors import murmur2  # aiokafka's takes a hundred times as long
except ImportError:  # pragma: no cover - where there was no compiler
    from aiokafka.partitioner import murmur2  # type: ignore[no-redef]


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, from 0."""
    hashed: int = murmur2(key) & 0x7FFFFFFF
    return hashed % partitions


async def partition_counts(consumer: AIOKafkaConsumer) -> dict[str, int]:
    """The number of partitions of every visible topic. Raises KafkaConnectionError if no broker answers.

    A consumer itself knows only topics that existed when it started, and those assigned to it. If no broker answers,
    aiokafka raises the class of all errors, which no caller can distinguish from one that is not temporary.
    """
    try:
        cluster = await consumer._client.fetch_all_metadata()
    except KafkaError as error:
        if type(error) is not KafkaError:
            raise
        raise KafkaConnectionError(*error.args) from error
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}
