"""Makes records for `storefront.rejected`: the bytes of an invalid event, with the reason in headers."""

from collections.abc import Iterator, Sequence
from typing import Final

from agents.kafka.decompression import Oversized
from agents.kafka.raw_batches import RawBatch, RawRecord
from stream.events.nearest import named

LARGEST: Final = 2 * 1024 * 1024 - 128 * 1024
"""Largest record (bytes) that the topic certainly accepts. Larger ones, from a compressed batch, are cut."""

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def records(
    faults: Sequence[tuple[int, str, str]],
    batches: Sequence[RawBatch],
    topic: str,
    partition: int,
) -> Iterator[Row]:
    """Yields (key, value, headers) for each fault (input offset, reason, JSON path) of records in `batches`."""
    offsets = {offset for offset, _, _ in faults}
    records_at = {
        record.offset: (record, record.timestamp if batch.time is None else batch.time)
        for batch in batches
        if any(batch.base <= offset < batch.next for offset in offsets)
        for record in batch.records
        if record.offset in offsets
    }
    for offset, reason, path in faults:
        record, time = records_at[offset]
        yield _bounded(
            record,
            [
                ("reason", reason.encode()),
                ("path", path.encode("utf-8", "replace")),
                ("topic", topic.encode()),
                ("partition", b"%d" % partition),
                ("offset", b"%d" % offset),
                ("time", b"%d" % time),
                *_type(record.value),
            ],
        )


def _type(value: bytes | None) -> list[tuple[str, bytes | None]]:
    """A header with the event type of the record, or with the nearest known one. Empty without a type."""
    name = named(value or b"")
    return [("type", name.encode())] if name else []


def _bounded(record: RawRecord, reason_headers: list[tuple[str, bytes | None]]) -> Row:
    """The whole record, or its beginning with its size in a header, if it is larger than LARGEST.

    The stand-in for a batch that was not decompressed has no bytes; its header `records` has the number of records.
    """
    key, value, headers = record.key, record.value, record.headers
    if isinstance(record, Oversized):
        return None, None, [*headers, *reason_headers]
    size = len(key or b"") + len(value or b"")
    size += sum(len(name.encode()) + len(text or b"") for name, text in headers)
    if size <= LARGEST:
        return key, value, [*headers, *reason_headers]
    return (
        (key or b"")[:1024],
        (value or b"")[: LARGEST - 4096],
        [*reason_headers, ("size", b"%d" % size)],
    )
