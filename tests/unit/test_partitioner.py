"""agents/kafka/partitioner.py, beside the hash of another client."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from agents.kafka.partitioner import partition_of


@given(st.binary(max_size=70), st.integers(1, 100))
def test_partition_is_that_of_another_client(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_partition_of_an_empty_key_is_that_of_another_client() -> None:
    assert partition_of(b"", 12) == (murmur2(b"") & 0x7FFFFFFF) % 12
