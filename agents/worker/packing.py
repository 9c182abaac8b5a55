"""Packs records into batches for sending. The broker sets the time of every record."""

from typing import Final

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

BATCH_BYTES: Final = 512 * 1024
"""Bytes of a batch before compression. Larger: fewer requests, but it must fit into a topic's largest message."""

UNCOMPRESSED: Final = 0
COMPRESSED: Final = DefaultRecordBatch.CODEC_ZSTD
"""Compression of facts and states, which only workers read. Topics that others read are not compressed: kafka-python,
for example, needs more libraries for anything but gzip."""

UNSTAMPED: Final = 0
"""The time of a record when it is sent. The topics use LogAppendTime, so the broker replaces it."""

Headers = list[tuple[str, bytes | None]]
NONE: Final[Headers] = []


class Batch(BatchBuilder):  # type: ignore[misc]
    """A batch of aiokafka's, filled without its checks of each record: keys and values are bytes, times are 0."""

    def add(self, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Adds a record. False if the batch is full."""
        if self._builder.append(self._relative_offset, UNSTAMPED, key, value, headers) is None:
            return False
        self._relative_offset += 1
        return True


class Packer:
    """Packs records into batches by topic and partition, in order. `records`: their number."""

    def __init__(self, codec: int, transactional: bool = False) -> None:
        self._codec = codec
        self._transactional = transactional
        self._open: dict[tuple[str, int], Batch] = {}
        self._full: list[tuple[str, int, Batch]] = []
        self.records = 0

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = NONE,
    ) -> None:
        self.records += 1
        place = topic, partition
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._batch()
        if not batch.add(key, value, headers):
            self._full.append((topic, partition, batch))
            batch = self._open[place] = self._batch()
            batch.add(key, value, headers)

    def __contains__(self, place: tuple[str, int]) -> bool:
        """Whether it has records for a topic and partition."""
        return place in self._open

    @property
    def full(self) -> int:
        """Number of full batches. A batch has at most BATCH_BYTES, or a single larger record."""
        return len(self._full)

    def _batch(self) -> Batch:
        return Batch(BATCH_BYTES, self._codec, is_transactional=self._transactional)

    def batches(self) -> list[tuple[str, int, Batch]]:
        """All (topic, partition, batch). Closes the batches: they accept no more records."""
        batches = self._full + [(*place, batch) for place, batch in self._open.items()]
        for _, _, batch in batches:
            batch.close()
        return batches
