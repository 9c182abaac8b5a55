"""Fetches the offsets at which partitions begin and end."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, LeaderNotAvailableError, NoError, for_code
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import group_member
from agents.kafka.reconnect import answered

LATEST: Final = -1
DEBUGGING_REPLICA: Final = -2
"""Kafka's DEBUGGING_REPLICA_ID. With it the broker answers with the end of the leader's log, as for a replica, instead
of the high watermark. It needs no right. A broker that does not support it answers with the high watermark."""

FETCH_GROUP: Final = "fetching"
"""The connection group for fetches; aiokafka numbers its own. Other requests would wait there behind a fetch."""

Partitions = Iterable[tuple[str, int]]
OffsetLookup = Callable[[list[TopicPartition]], Awaitable[dict[TopicPartition, int]]]


class Offsets:
    """Fetches beginnings and ends of partitions, on a connection of its own.

    On the group's consumer such a request would wait behind a fetch. A consumer of committed records would get an
    end before the records of open transactions.
    """

    def __init__(self, settings: Settings) -> None:
        self._consumer = AIOKafkaConsumer(
            **aiokafka_options(settings), client_id="triggers-offsets", enable_auto_commit=False
        )

    async def start(self) -> None:
        """Connects to a broker. Raises KafkaConnectionError if none answers."""
        await self._consumer.start()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def ends(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset after the last record of each partition."""
        return await self._look_up(self._consumer.end_offsets, partitions)

    async def log_end_offsets(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset after the leader's last record of each partition, replicated or not."""
        return await self._look_up(self._log_end_offsets, partitions)

    async def beginnings(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset of the first retained record of each partition."""
        return await self._look_up(self._consumer.beginning_offsets, partitions)

    async def fetch(self, node: int, request: Any) -> Any:
        """A broker's answer to a fetch request. Raises KafkaError."""
        return await self._consumer._client.send(node, request, group=FETCH_GROUP)

    async def topics(self) -> set[str]:
        """The names of all visible topics, once a broker answers. Raises KafkaError for errors that are not temporary."""
        return await group_member.topics(self._consumer)

    async def _look_up(
        self, lookup: OffsetLookup, partitions: Partitions
    ) -> dict[tuple[str, int], int]:
        """Repeats the request until a broker answers. Raises KafkaError for errors that are not temporary."""
        asked = [TopicPartition(*tp) for tp in partitions]
        found = await answered(lambda: lookup(asked)) if asked else {}
        return {tuple(tp): offset for tp, offset in found.items()}

    async def _log_end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends of the leaders' logs. Requests new metadata if an error says that it is outdated. Raises KafkaError."""
        client = self._consumer._client
        asked: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        try:
            for topic, number in partitions:
                leader = client.cluster.leader_for_partition(TopicPartition(topic, number))
                if leader is None or leader < 0:
                    client.add_topic(topic)
                    raise LeaderNotAvailableError(topic)
                asked[leader][topic].append((number, LATEST))
            answer = await asyncio.gather(
                *(
                    client.send(leader, OffsetRequest(DEBUGGING_REPLICA, 0, list(topics.items())))
                    for leader, topics in asked.items()
                )
            )
            return dict(_offsets(answer) for each in answer for answer in _answers(each))
        except KafkaError as error:
            if error.invalid_metadata:
                client.force_metadata_update()
            raise


def _answers(response: Any) -> Iterator[tuple[str, Any]]:
    """Yields (topic, answer) of each partition."""
    for topic, answers in response.topics:
        yield from ((topic, answer) for answer in answers)


def _offsets(answer: tuple[str, Any]) -> tuple[TopicPartition, int]:
    topic, (number, code, _, offset, *_) = answer
    error = for_code(code)
    if error is not NoError:
        raise error(topic)
    return TopicPartition(topic, number), offset
