"""The positions of a bridge in the partitions of an assignment, and where it begins."""

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

    `next`: the offset behind what is durable · `newest`: the time (ms) of what is durable, at first that of the
    assignment · `open`: it may begin.
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

    A partition that the group has never read begins some minutes back. So a new partition of a topic loses nothing,
    and the history of a new topic does not count as happening now.
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
