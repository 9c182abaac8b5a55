"""Cuts fetched records into chunks. A chunk becomes durable as a whole. Pure, except that it waits for schemas.

Records of different partitions are ordered by time, those of one partition keep their order. A chunk is small:
after a crash it comes again, and visitors must still remember the ids of its events.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, Final

from aiokafka.structs import TopicPartition

from agents.bridge.broker_time import BrokerTime
from agents.bridge.producers import Chunk, Row
from agents.bridge.rows import row
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.translating import Arrived, Bridged, Letter, bridged, kept
from agents.bridge.values import HEADER, KEY_HEADER, Undecodable, framed, unwrapped, written
from agents.kafka.decompression import OVERSIZED
from stream.connect.source import Source
from stream.connect.translation import LeftOut

MOST: Final = 500
"""Largest number of records in a chunk. More: more comes again after a crash. Fewer: more round trips."""

OF_A_VISITOR: Final = 200
"""Largest number of events of one visitor in a chunk. A visitor remembers its last 256 ids."""

TOMBSTONE: Final = LeftOut("", "tombstone", "$")

Fetched = Mapping[TopicPartition, Sequence[Any]]
"""What was fetched: raw batches by partition."""


class Piece:
    """A chunk, and what to count once it is durable. `times`: time (ms) of the newest record of each partition."""

    def __init__(self) -> None:
        self.chunk = Chunk([], {})
        self.outs: list[tuple[str, Bridged]] = []
        self.times: dict[TopicPartition, int] = {}
        self._visitors: Counter[bytes] = Counter()

    def has_room(self, out: Bridged) -> bool:
        if not self.outs:
            return True
        crowded = any(self._visitors[event.key] >= OF_A_VISITOR for event in out.events)
        return len(self.outs) < MOST and not crowded

    def add(
        self,
        place: TopicPartition,
        arrived: Arrived,
        source: str,
        out: Bridged,
        value: bytes | None,
    ) -> None:
        self.outs.append((source, out))
        self.chunk.next[place] = arrived.offset + 1
        self.times[place] = arrived.time
        self._visitors.update(event.key for event in out.events)
        self.chunk.rows.extend(Row(place, event.key, event.value) for event in out.events)
        for letter in out.letters:
            self.chunk.rows.append(Row(place, *kept(value, letter, arrived, source), dead=True))


class Cutter:
    """Translates and cuts. `sources`: the source of each topic."""

    def __init__(
        self, sources: Mapping[str, Source], schemas: SchemaRegistry, time: BrokerTime
    ) -> None:
        self._sources, self._schemas, self._time = sources, schemas, time

    async def pieces(
        self, fetched: Fetched, stands: Mapping[TopicPartition, int]
    ) -> AsyncIterator[Piece]:
        """Yields the chunks of fetched records. `stands`: the positions; one may be inside a batch.

        The last chunk has the offsets after everything fetched, including transaction markers.
        """
        if not fetched:
            return
        piece = Piece()
        logs = (_records(place, batches, stands[place]) for place, batches in fetched.items())
        for place, arrived in merge(*logs, key=_time):
            source = self._sources[place.topic]
            self._time.saw(arrived.time)
            value, out = await self._translated(arrived, source)
            if not piece.has_room(out):
                yield piece
                piece = Piece()
            piece.add(place, arrived, source.name, out, value)
        piece.chunk.next.update({place: batches[-1].next for place, batches in fetched.items()})
        yield piece

    async def _translated(self, arrived: Arrived, source: Source) -> tuple[bytes | None, Bridged]:
        """(the value as JSON or as a row, None if unreadable; its translation)."""
        if arrived.value is None and not _is_event_without_data(arrived, source):
            return None, Bridged([], [], [TOMBSTONE])
        if arrived.value is OVERSIZED:
            return None, Bridged([], [Letter("too_large", "$")], [])
        try:
            value = await self._decoded(arrived.value or b"", arrived.headers)
            arrived = arrived._replace(key=await self._key(arrived, source))
        except Undecodable as error:
            return None, Bridged([], [Letter(str(error), "$")], [])
        if value.strip() == b"null":
            return None, Bridged([], [], [TOMBSTONE])
        found = row(value)
        if found.reason is not None:
            return None, Bridged([], [], [LeftOut("", found.reason, "$")])
        return found.value, bridged(arrived, found.value, source, self._time.now())

    async def _key(self, arrived: Arrived, source: Source) -> bytes | None:
        """The key, decoded if it is read: that of an outbox is its visitor. Raises Undecodable."""
        if arrived.key is None or not _is_of_router(arrived, source):
            return arrived.key
        named = arrived.headers.get(KEY_HEADER)
        return await self._decoded(arrived.key, {} if named is None else {HEADER: named})

    async def _decoded(self, value: bytes, headers: Mapping[str, bytes]) -> bytes:
        """The decoded value. Raises Undecodable."""
        found = framed(value, headers)
        if found is None:
            return unwrapped(value)
        read = self._schemas.known(found.address) or await self._schemas.reader(found.address)
        document = read(found.payload)
        return unwrapped(document if isinstance(document, bytes) else written(document))


def _is_event_without_data(arrived: Arrived, source: Source) -> bool:
    """Whether it is a CloudEvent that is whole in its headers, such as a checkout.started."""
    return source.kind == "cloudevents" and _has(arrived, "ce_type")


def _is_of_router(arrived: Arrived, source: Source) -> bool:
    """Whether Debezium's outbox router wrote it."""
    return source.kind == "cloudevents" and _has(arrived, "eventtype")


def _has(arrived: Arrived, header: str) -> bool:
    return any(name.lower() == header for name in arrived.headers)


def _records(
    place: TopicPartition, batches: Sequence[Any], stands: int
) -> Iterator[tuple[TopicPartition, Arrived]]:
    """The records of one partition. Their times never go back."""
    reached = 0
    for batch in batches:
        for each in batch.records:
            reached = max(reached, each.timestamp if batch.time is None else batch.time)
            if each.offset >= stands:
                headers = {name: text for name, text in each.headers if text is not None}
                record = place.topic, place.partition, each.offset, reached, each.key, each.value
                yield place, Arrived(*record, headers)


def _time(found: tuple[TopicPartition, Arrived]) -> int:
    return found[1].time
