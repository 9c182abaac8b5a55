"""Fetches the original bytes of a rejected record."""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.worker.producer import REJECTED

SHOWN: Final = 16 * 1024
"""At most this many bytes of a value are returned."""

WAIT_MS: Final = 3_000


async def payload(settings: Settings, partition: int, offset: int) -> dict[str, Any] | None:
    """{key, value, size, whole}, with key and value as text. None if Kafka no longer has it. Raises KafkaError.

    U+FFFD replaces bytes that are not UTF-8. Nothing in the bytes is interpreted.
    """
    place = TopicPartition(settings.topic(REJECTED), partition)
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        client_id="triggers-console-payload",
        enable_auto_commit=False,
        max_partition_fetch_bytes=1,  # the broker returns the first batch whole, and no other
    )
    await consumer.start()
    try:
        consumer.assign([place])
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        if not begin <= offset < end:
            return None
        consumer.seek(place, offset)
        fetched = await consumer.getmany(place, timeout_ms=WAIT_MS, max_records=1)
        records = fetched.get(place) or []
        return _as_text(records[0]) if records and records[0].offset == offset else None
    finally:
        await consumer.stop()


def _as_text(record: Any) -> dict[str, Any]:
    value = record.value or b""
    return {
        "key": (record.key or b"")[:256].decode("utf-8", "replace"),
        "value": value[:SHOWN].decode("utf-8", "replace"),
        "size": len(value),
        "whole": len(value) <= SHOWN,
    }
