"""Compresses batches: of facts and states, which only workers read, and of the events that a collector accepts.

aiokafka uses zstd at level 3. Level 1 takes a third of the time for facts and a fifth for states, for a tenth
more bytes. A state consists mostly of ids, which no level makes much smaller.
"""

import zlib
from typing import Any, Final

from aiokafka import codec
from aiokafka.record._crecords import default_records

LEVEL: Final = 1
"""Level of zstd. Higher: fewer bytes on the broker, but more CPU for each batch."""


GZIP_LEVEL: Final = 1
"""Level of gzip, for the events of a collector. aiokafka's level 9 saves a seventh of the bytes in ten times the time."""

_GZIP: Final = 16
"""Added to the bits of a window: zlib then writes gzip's header."""

_SHORT_BATCH: Final = 16 * 1024
"""Batches smaller than this (bytes) get a small compressor. A usual one takes 256 KiB, and to set that up takes longer than to
compress ten events."""

SMALL: Final = 1024
"""Batches smaller than this (bytes) are not compressed: setting up a compressor costs more than sending them. More:
more bytes on the broker. Fewer: more CPU."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SHORT: Final = 256


def stored(payload: bytes) -> bytes:
    """A zstd frame with up to 64 KiB of uncompressed bytes. Source: RFC 8878, 3.1.1."""
    size = len(payload)
    if size < _SHORT:
        head = b"\x20" + size.to_bytes(1, "little")
    else:
        head = b"\x60" + (size - _SHORT).to_bytes(2, "little")
    last_and_raw = (1 | size << 3).to_bytes(3, "little")
    return b"".join((_MAGIC, head, last_and_raw, payload))


def zstd_encode(payload: Any) -> bytes:
    if len(payload) < SMALL:
        return stored(payload)
    compressed: bytes = codec.zstd_encode(payload, LEVEL)
    return compressed


def gzip_encode(payload: Any) -> bytes:
    bits, memory = (13, 6) if len(payload) < _SHORT_BATCH else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP | bits, memory)
    return compressor.compress(payload) + compressor.flush()


def install() -> None:
    """Makes every aiokafka producer of this process use these functions."""
    for encode in (zstd_encode, gzip_encode):
        assert hasattr(default_records, encode.__name__)
        setattr(default_records, encode.__name__, encode)
