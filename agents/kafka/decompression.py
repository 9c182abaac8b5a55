"""Bounds what a batch may unpack to, so that a few packed kilobytes cannot fill the memory.

aiokafka's decoders are replaced by ones that stop at LARGEST. An event has at most 64 KiB, and a batch about a
megabyte. A batch that unpacks to more does not come from a storefront. None of its records is read; one record of
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

Unpacked = TypeVar("Unpacked", bytes, memoryview)

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of an unpacked batch, and of what is unpacked in one go before others have their turn."""

XERIAL: Final = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
"""The start of a snappy stream of Java's clients. Blocks follow, each behind its length."""

OVERSIZED: Final = b" " * (decoding.LARGEST_CART + 1)
"""Stands for a value that was not unpacked. It is rejected as too large."""


RECORD: Final = 100
"""Bytes that each record counts in addition: a million empty records are much work, too."""


class DecompressionBomb(Exception):
    """A batch unpacks to more than LARGEST, or has too many records."""


@dataclass
class Oversized:
    """Stands for all records of a batch that was not unpacked. `headers`: for how many."""

    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes | None]]
    key: bytes | None = None
    value: bytes | None = OVERSIZED


class _Room(threading.local):
    """Each thread's memory to unpack into (pages that were never written take none) · `total`: bytes so far, with
    RECORD for each record."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, LARGEST)
        self.total = 0


_room: Final = _Room()


def unpacked() -> int:
    """Bytes that this thread has unpacked so far, with RECORD for each record."""
    return _room.total


def weigh(records: int) -> None:
    """Counts the records of a batch that is about to be read. Raises Bomb."""
    _room.total += records * RECORD
    if records * RECORD > LARGEST:
        raise DecompressionBomb


def oversized(batch: Any) -> Oversized:
    """The stand-in for the records of a batch that unpacks to too much."""
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
    found: bytes = codec.snappy_decode(payload)
    return _counted(found)


def lz4_decode(payload: bytes) -> bytes:
    return _into_room(cramjam.lz4.decompress_into, payload)


def zstd_decode(payload: bytes) -> bytes:
    return _into_room(cramjam.zstd.decompress_into, payload)


def _into_room(unpack: Callable[[bytes, Any], int], payload: bytes) -> bytes:
    try:
        size = unpack(payload, _room.memory)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):  # no room is left
            raise DecompressionBomb from None
        raise
    return _counted(_room.memory[:size])


def _counted(found: Unpacked) -> Unpacked:
    _room.total += len(found)
    if len(found) > LARGEST:
        raise DecompressionBomb
    return found


DECODERS: Final[Sequence[Callable[[Any], bytes | memoryview]]] = (
    _counted,
    gzip_decode,
    snappy_decode,
    lz4_decode,
    zstd_decode,
)
"""Decoders by the compression type of a batch."""


def install() -> None:
    """Makes every aiokafka consumer of this process unpack within bounds from now on."""
    for decode in (gzip_decode, snappy_decode, lz4_decode, zstd_decode):
        assert hasattr(default_records, decode.__name__)
        setattr(default_records, decode.__name__, decode)
