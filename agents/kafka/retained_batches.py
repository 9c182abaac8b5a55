"""Reads the batches of a fetched partition one by one, and gives access to their bytes."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import CorruptRecordException
from aiokafka.record import MemoryRecords
from crc32c import crc32c

from agents.kafka import decompression
from stream.events.records import Block

_SIZE: Final = struct.Struct(">qi")
"""Base offset and size of the rest in bytes: the start of a batch of any format."""

_HEAD: Final = struct.Struct(">qiibIhiqqqhii")
"""The fields before the records of a batch. Source: the Kafka protocol, "Record Batch"."""

_FORMAT_AT: Final = 16
"""Position of the format byte in a batch. 2 is the newest format."""

_CODEC: Final = 0x07
_STAMPED: Final = 0x08
_TRANSACTIONAL: Final = 0x30
"""Bits of the attributes: compression type; the broker's time for all records; part or marker of a transaction."""

_CHECKED_FROM: Final = 21
"""Position after the checksum (CRC-32C) in a batch. The checksum covers everything from here on."""


class _Records:
    """The records of a batch. aiokafka parses them when they are first used."""

    __slots__ = ("_data", "_end", "_start")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._start = start
        self._end = end

    def __iter__(self) -> Iterator[Any]:
        return iter(MemoryRecords(self._data[self._start : self._end]).next_batch())


Read = tuple[_Records, int, int, int | None, Block]
"""(records, first offset, offset after the last, the broker's time (ms) or None, all records as a block)."""


class RetainedBatches:
    """Replaces aiokafka's MemoryRecords. It reads the same batches, and can return the current one as a block."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._start = self._end = 0
        self._head: tuple[int, ...] | None = None

    def size_in_bytes(self) -> int:
        return len(self._data)

    def has_next(self) -> bool:
        """Whether there is another whole batch. A fetch may end in the middle of one."""
        behind = self._end + _SIZE.size
        return behind <= len(self._data) and behind + self._size() <= len(self._data)

    def _size(self) -> int:
        """Bytes of the next batch after its size field."""
        size: int = _SIZE.unpack_from(self._data, self._end)[1]
        return size

    def _move(self) -> None:
        """Moves to the next batch."""
        self._start, self._end = self._end, self._end + _SIZE.size + self._size()
        new = self._end - self._start >= _HEAD.size and self._data[self._start + _FORMAT_AT] >= 2
        self._head = _HEAD.unpack_from(self._data, self._start) if new else None

    def next_batch(self) -> Any:
        self._move()
        return MemoryRecords(self._data[self._start : self._end]).next_batch()

    def next_block(self, check: bool) -> Read | None:
        """The next batch as a block, read without aiokafka, which takes ten times as long for a batch of one event.

        Returns None, and does not move, if the batch belongs to a transaction, has an older format or is too large
        after decompression. Raises CorruptRecordException.
        """
        before = self._start, self._end
        self._move()
        if self._head is not None and not self._head[5] & _TRANSACTIONAL:
            base, flags, behind, latest = (self._head[n] for n in (0, 5, 6, 8))
            if check and not self.is_whole(None):
                raise CorruptRecordException(f"invalid CRC at offset {base}")
            time = latest if flags & _STAMPED else None
            with suppress(decompression.DecompressionBomb):
                decompression.count_records(self.count)
                block = self._block(base, flags & _CODEC, time)
                records = _Records(self._data, self._start, self._end)
                return records, base, base + behind + 1, time, block
        self._start, self._end = before
        return None

    def is_whole(self, batch: Any) -> bool:
        """Whether the checksum of the current batch is correct."""
        if self._head is None:
            return bool(batch.validate_crc())
        checked = memoryview(self._data)[self._start + _CHECKED_FROM : self._end]
        return bool(self._head[4] == crc32c(checked))

    @property
    def count(self) -> int:
        """Number of records of the current batch. 0 for an older format, which does not have it."""
        return self._head[-1] if self._head else 0

    def block(self, batch: Any, time: int | None) -> Block | None:
        """The current batch, decompressed; None for an older format. Raises DecompressionBomb."""
        if self._head is None:
            return None
        return self._block(batch.base_offset, batch.compression_type, time)

    def _block(self, base: int, codec: int, time: int | None) -> Block:
        assert self._head is not None
        head = self._start + _HEAD.size
        stored = self._data if codec else memoryview(self._data)  # no copy
        payload = decompression.DECODERS[codec](stored[head : self._end])
        return base, self._head[7], time, self.count, payload
