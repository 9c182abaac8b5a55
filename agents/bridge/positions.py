"""The positions of a bridge in its assigned partitions, and their start."""

import logging
from collections.abc import Iterable
from typing import Any

from aiokafka.structs import TopicPartition

from agents.bridge.metrics import BridgeMetrics
from agents.bridge.settings import BridgeSettings
from agents.runtime.log import say

log = logging.getLogger("triggers.bridge")


class Assigned:
    """The partitions of an assignment.

    `next`: the offset after the durable records · `newest`: time (ms) of the newest durable record, at first that of
    the assignment · `open`: whether reading may begin.
    """

    def __init__(self, places: Iterable[TopicPartition]) -> None:
        self.places = frozenset(places)
        self.next: dict[TopicPartition, int] = {}
        self.newest: dict[TopicPartition, int] = {}
        self.open = False


async def begin(
    consumer: Any, assigned: Assigned, settings: BridgeSettings, metrics: BridgeMetrics, now: int
) -> None:
    """Seeks to the committed offsets. Raises IllegalStateError, KafkaError. `now`: ms.

    A partition that the group has never read begins TRIGGERS_BRIDGE_START back. So no record of a new partition is
    lost, and old records of a new topic do not count as happening now.
    """
    places = list(assigned.places)
    beginnings = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    since = max(0, now - settings.start_ms)
    first = await consumer.offsets_for_times(dict.fromkeys(places, since))
    for place in places:
        stands = await consumer.committed(place)
        if stands is None:
            stands = first[place].offset if first[place] else ends[place]
        lost = beginnings[place] - stands
        if lost > 0:
            source = settings.topics[place.topic].name
            metrics.deleted_unread.labels(source).inc(lost)
            say(log, "deleted_unread", logging.ERROR, source=source, records=lost)
        assigned.next[place] = max(stands, beginnings[place])
        assigned.newest[place] = now
        consumer.seek(place, assigned.next[place])
