"""Bounds the decompressed size of a batch, so that a few compressed kilobytes cannot fill the memory.

The functions here replace aiokafka's decoders, and stop at LARGEST. An event has at most 64 KiB, and a batch about
a megabyte, so a larger batch does not come from a storefront. None of its records is read. One record in
`storefront.rejected` stands for all of them (`oversized`).
"""

import gzip
import io
import mmap
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cramjam
from aiokafka import codec
from aiokafka.record._crecords import default_records

from stream.events import decoding

Decompressed = TypeVar("Decompressed", bytes, memoryview)

LARGEST: Final = 32 * 1024 * 1024
"""Largest decompressed batch (bytes)."""

XERIAL: Final = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
"""The start of a snappy stream of Java clients. Blocks follow, each after its length."""

OVERSIZED: Final = b" " * (decoding.LARGEST_CART + 1)
"""The value of a stand-in record. It is rejected as too large."""


RECORD: Final = 100
"""Bytes that each record counts in addition to its size, because a million empty records are much work, too."""


class DecompressionBomb(Exception):
    """A batch decompresses to more than LARGEST, or has too many records."""


@dataclass
class Oversized:
    """A stand-in for all records of a batch that was not decompressed. `headers`: their number."""

    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes | None]]
    key: bytes | None = None
    value: bytes | None = OVERSIZED


class _Buffer(threading.local):
    """`memory`: this thread's buffer to decompress into; pages that were never written take no memory · `total`: bytes
    that this thread has decompressed, plus RECORD for each record."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, LARGEST)
        self.total = 0


_buffer: Final = _Buffer()


def unpacked() -> int:
    """Bytes that this thread has decompressed, plus RECORD for each record."""
    return _buffer.total


def count_records(records: int) -> None:
    """Counts the records of a batch before it is read. Raises DecompressionBomb if they are too many."""
    _buffer.total += records * RECORD
    if records * RECORD > LARGEST:
        raise DecompressionBomb


def oversized(batch: Any) -> Oversized:
    """The stand-in for the records of a batch that is too large."""
    count = batch.next_offset - batch.base_offset
    return Oversized(batch.base_offset, batch.max_timestamp, [("records", b"%d" % count)])


def gzip_decode(payload: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(payload)) as file:
        return _counted(file.read(LARGEST + 1))


def snappy_decode(payload: bytes) -> bytes:
    size, place = 0, len(XERIAL)
    if payload[:place] == XERIAL:
        while place < len(payload):
            (length,) = struct.unpack_from("!i", payload, place)
            place += 4 + length
            size += cramjam.snappy.decompress_raw_len(payload[place - length : place])
    else:
        size = cramjam.snappy.decompress_raw_len(payload)
    if size > LARGEST:
        raise DecompressionBomb
    data: bytes = codec.snappy_decode(payload)
    return _counted(data)


def lz4_decode(payload: bytes) -> bytes:
    return _into_buffer(cramjam.lz4.decompress_into, payload)


def zstd_decode(payload: bytes) -> bytes:
    return _into_buffer(cramjam.zstd.decompress_into, payload)


def _into_buffer(decompress: Callable[[bytes, Any], int], payload: bytes) -> bytes:
    try:
        size = decompress(payload, _buffer.memory)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):  # the buffer is full
            raise DecompressionBomb from None
        raise
    return _counted(_buffer.memory[:size])


def _counted(data: Decompressed) -> Decompressed:
    _buffer.total += len(data)
    if len(data) > LARGEST:
        raise DecompressionBomb
    return data


DECODERS: Final[Sequence[Callable[[Any], bytes | memoryview]]] = (
    _counted,
    gzip_decode,
    snappy_decode,
    lz4_decode,
    zstd_decode,
)
"""Decoders, in the order of the compression types of a batch."""


def install() -> None:
    """Makes every aiokafka consumer of this process use these decoders."""
    for decode in (gzip_decode, snappy_decode, lz4_decode, zstd_decode):
        assert hasattr(default_records, decode.__name__)
        setattr(default_records, decode.__name__, decode)
