"""Reads the states that mention a person from the changelogs. It joins no group and changes nothing.

Only states with one of the person's names stay in memory, so the states of a large shop need little.
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec
from aiokafka import TopicPartition

from agents.config.settings import Settings
from agents.kafka import to_the_end
from agents.kafka.partitioner import partition_counts
from agents.kafka.topics import STATE_KEYS, STATE_PEOPLE, STATE_VISITORS
from agents.worker.producer import AUDIENCES
from stream.state.key import Key
from stream.state.person import Person
from stream.state.visitor import Visitor
from stream.store import packing
from stream.store.changelog import FORMAT, HEADER, UnreadableState

CHANGELOGS: Final = (STATE_VISITORS, STATE_KEYS, STATE_PEOPLE)
COMPACTED: Final = (*CHANGELOGS, AUDIENCES)

visitor_of: Final = msgspec.msgpack.Decoder(Visitor).decode
key_of: Final = msgspec.msgpack.Decoder(Key).decode
person_of: Final = msgspec.msgpack.Decoder(Person).decode
plain_state: Final = msgspec.msgpack.Decoder().decode
plain_json: Final = msgspec.json.Decoder().decode


class StateRecord(NamedTuple):
    topic: str
    key: str
    value: bytes | None


class Changelogs:
    """The compacted topics. An async context manager. Raises aiokafka's KafkaError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = to_the_end.reader(settings, "triggers-erase")

    async def __aenter__(self) -> Self:
        self._consumer = await self._reader.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._reader.__aexit__(kind, fault, at)

    async def partitions(self, topic: str) -> int:
        """The number of partitions of a topic, named without the prefix; 0 if it does not exist."""
        return (await partition_counts(self._consumer)).get(self._settings.topic(topic), 0)

    async def rows(self, topic: str) -> AsyncIterator[StateRecord]:
        """All records of the topic, up to its present end. Persons' states are decompressed, so that names can be found."""
        name, count = self._settings.topic(topic), await self.partitions(topic)
        places = [TopicPartition(name, number) for number in range(count)]
        async for records in to_the_end.fetched(self._consumer, places):
            for each in records:
                value = each.value
                if topic == STATE_PEOPLE and each.key:
                    value = packing.plain_record(value)
                yield StateRecord(topic, (each.key or b"").decode("utf-8", "replace"), value)

    async def states(self, topic: str, needles: list[bytes]) -> dict[str, bytes]:
        """The newest packed state of every key that mentions one of the needles. Raises UnreadableState."""
        found: dict[str, tuple[tuple[int, int], bytes]] = {}
        async for _, key, value in self.rows(topic):
            if not key:
                continue
            named = key in found or _holds(key.encode(), needles)
            if value is None:
                found.pop(key, None)
            elif named or _holds(value, needles):
                place = _place(value)
                if key not in found or place >= found[key][0]:
                    found[key] = place, value[HEADER.size :]
        return {key: value for key, (_, value) in found.items() if value}


def _place(value: bytes) -> tuple[int, int]:
    """(applied, version) of a state. The newest state has the highest."""
    if value[0] != FORMAT:
        raise UnreadableState(value[0])
    _, applied, _, version = HEADER.unpack_from(value)
    return applied, version


def _holds(text: bytes, needles: list[bytes]) -> bool:
    return any(needle in text for needle in needles)
