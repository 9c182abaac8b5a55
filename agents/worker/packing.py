"""Packs records into the batches in which they are sent. The broker stamps every record."""

from typing import Final

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

BATCH_BYTES: Final = 512 * 1024
"""Bytes of a batch before compression. Larger: fewer requests, but it must fit into a topic's largest message."""

PLAIN: Final = 0
PACKED: Final = DefaultRecordBatch.CODEC_ZSTD
"""Compression by topic. Facts and states, which only workers read, are compressed. What others read is not:
kafka-python, for one, needs further libraries for all but gzip."""

UNSTAMPED: Final = 0
"""The time that records carry: the topics use LogAppendTime, so the broker replaces it."""

Headers = list[tuple[str, bytes | None]]
NONE: Final[Headers] = []


class Packer:
    """Gathers records into batches by topic and partition, in order. `records`: how many."""

    def __init__(self, codec: int, transactional: bool = False) -> None:
        self._codec = codec
        self._transactional = transactional
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self._full: list[tuple[str, int, BatchBuilder]] = []
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
        if batch.append(timestamp=UNSTAMPED, key=key, value=value, headers=headers) is None:
            self._full.append((topic, partition, batch))
            batch = self._open[place] = self._batch()
            batch.append(timestamp=UNSTAMPED, key=key, value=value, headers=headers)

    def __contains__(self, place: tuple[str, int]) -> bool:
        """Whether there are records of a topic and partition."""
        return place in self._open

    def _batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, self._codec, is_transactional=self._transactional)

    def batches(self) -> list[tuple[str, int, BatchBuilder]]:
        """All batches, each closed to further records."""
        found = self._full + [(*place, batch) for place, batch in self._open.items()]
        for _, _, batch in found:
            batch.close()
        return found
