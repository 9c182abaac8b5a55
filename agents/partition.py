"""Which partition a key belongs to: as every Java client has it, so that all writers agree."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition, from 0. Remembered by key: the hash costs more than the rest of a send."""
    positive: int = murmur2(key) & 0x7FFFFFFF
    return positive % partitions
