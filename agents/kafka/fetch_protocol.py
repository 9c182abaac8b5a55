"""Fetch requests written, and their answers read, at a tenth of aiokafka's cost.

aiokafka walks a schema, field by field; at a hundred events a second that is a third of what a fetch costs. The newest
version that it knows is written and read here in steps of a partition; a test holds both against its own schema.
Source: the Kafka protocol, "Fetch API", version 11.
"""

import struct
from io import BytesIO
from typing import Any, Final

from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11

Partition = tuple[int, int, int, int, int, list[tuple[int, int]] | None, int, bytes | None]
"""(partition, error, high watermark, last stable offset, first offset, aborted transactions, replica, records)."""

LEADER: Final = -1
"""As the replica: the one that answers."""

_ASKED: Final = struct.Struct(">iiiibiii")
_ASKED_OF: Final = struct.Struct(">iiqqi")
_NUMBER: Final = struct.Struct(">i")
_LENGTH: Final = struct.Struct(">h")
_TOLD: Final = struct.Struct(">ihii")
_TOLD_OF: Final = struct.Struct(">ihqqqi")
_ABORTED: Final = struct.Struct(">qq")
_RECORDS: Final = struct.Struct(">ii")


def _text(text: str) -> bytes:
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def encode(self: Any) -> bytes:
    """In place of FetchRequest_v11.encode."""
    kind = self.isolation_level, self.session_id, self.session_epoch
    sizes = self.replica_id, self.max_wait_time, self.min_bytes, self.max_bytes
    parts = [_ASKED.pack(*sizes, *kind, len(self.topics))]
    for topic, partitions in self.topics:
        parts += (_text(topic), _NUMBER.pack(len(partitions)))
        parts += [_ASKED_OF.pack(*partition) for partition in partitions]
    parts.append(_NUMBER.pack(len(self.forgotten_topics_data)))
    for topic, numbers in self.forgotten_topics_data:
        parts += (_text(topic), _NUMBER.pack(len(numbers)), *map(_NUMBER.pack, numbers))
    parts.append(_text(self.rack_id))
    return b"".join(parts)


def decode(cls: Any, source: BytesIO | bytes) -> Any:
    """In place of FetchResponse_v11.decode, without the partitions of which nothing is told. Raises struct.error for what
    ends too soon."""
    data, at = (source, 0) if isinstance(source, bytes) else (source.getvalue(), source.tell())
    throttle, error, session, count = _TOLD.unpack_from(data, at)
    at += _TOLD.size
    topics = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size + length
        topic = data[at - length : at].decode()
        (number,) = _NUMBER.unpack_from(data, at)
        at += _NUMBER.size
        partitions = []
        for _ in range(number):
            partition, at = _partition(data, at)
            if partition[1] or partition[-1] or partition[-2] != LEADER:
                partitions.append(partition)
        topics.append((topic, partitions))
    return cls(throttle, error, session, topics)


def _partition(data: bytes, at: int) -> tuple[Partition, int]:
    """What is told of a partition, and where it ends."""
    *told, aborted = _TOLD_OF.unpack_from(data, at)
    at += _TOLD_OF.size
    transactions = None
    if aborted >= 0:
        transactions = [_ABORTED.unpack_from(data, at + n * _ABORTED.size) for n in range(aborted)]
        at += aborted * _ABORTED.size
    replica, size = _RECORDS.unpack_from(data, at)
    at += _RECORDS.size
    if size < 0:
        return (*told, transactions, replica, None), at
    records = data[at : at + size]
    if len(records) != size:
        raise struct.error(f"{size} bytes of records expected, got {len(records)}")
    return (*told, transactions, replica, records), at + size


def install() -> None:
    """From now on every aiokafka consumer of this process speaks so."""
    FetchRequest_v11.encode = encode
    FetchResponse_v11.decode = classmethod(decode)
