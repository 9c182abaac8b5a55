"""The consumer of a sender: a member of its group that commits settled records only.

Reading never waits for the endpoint. A partition with too many open records is paused, and the member stays in its
group.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import TopicPartition

from agents.kafka import group_member, open_records
from agents.kafka.topics import TopicsMissing
from agents.runtime.log import say
from agents.sender.assignment import SenderAssignment
from agents.sender.dead_letters import UNDELIVERED
from agents.sender.delivery import TriggerDelivery
from agents.sender.settings import SenderSettings

log = logging.getLogger("triggers.sender")

POLL_MS: Final = 100
AT_ONCE: Final = 500
COMMIT_S: Final = 1.0

MORE_S: Final = 2.0
"""Seconds for open requests before a rebalance, beyond the time-out of a request."""


class TriggerConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """The consumer. `recipes`: the recipe of each topic that it reads."""

    def __init__(
        self, settings: SenderSettings, delivery: TriggerDelivery, recipes: Mapping[str, str]
    ) -> None:
        self._settings, self._delivery, self._recipes = settings, delivery, dict(recipes)
        self._consumer: Any = None
        self.assignment: SenderAssignment | None = None
        self.polled = 0.0

    async def start(self) -> None:
        """Waits for a broker. Raises TopicsMissing, and KafkaError for errors that are not temporary."""
        self._consumer = await group_member.start_client(self._make, log)
        self._check(await group_member.topics(self._consumer))

    async def add(self, recipes: Mapping[str, str]) -> None:
        """Subscribes to these topics too, if they exist. Raises KafkaError."""
        there = await self._consumer.topics() if recipes.keys() - self._recipes.keys() else ()
        new = {topic: name for topic, name in recipes.items() if topic in there}
        if new.keys() - self._recipes.keys():
            self._recipes |= new
            say(log, "recipes_added", topics=len(self._recipes))
            self._consumer.subscribe(list(self._recipes), listener=self)

    async def run(self) -> None:
        """Runs until cancelled. Raises KafkaError, and the error of a queue."""
        self._consumer.subscribe(list(self._recipes), listener=self)
        committed = time.monotonic()
        while True:
            batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=AT_ONCE)
            self.polled = time.monotonic()
            if self.assignment is None:
                assert not batches, "the assignment is there before the first record"
                continue
            self.assignment.take(batches)
            self.assignment.check()
            open_records.throttle(self._consumer, self.assignment)
            if self.polled - committed >= COMMIT_S:
                offsets = await open_records.positions(self._consumer, self.assignment)
                await self._commit(self.assignment, offsets)
                committed = time.monotonic()

    async def stop(self) -> None:
        """Finishes open requests, commits settled records, and leaves the group."""
        if self._consumer is not None:
            await self._end(group_member.GRACE_S)
            await self._consumer.stop()

    def _make(self) -> Any:
        return group_member.member(
            self._settings.common,
            "triggers-sender",
            self._settings.group,
            # one member gets the same partition of all topics, so that a person has one sender
            partition_assignment_strategy=(RangePartitionAssignor,),
        )

    def _check(self, there: Iterable[str]) -> None:
        wanted = {*self._recipes, self._settings.common.topic(UNDELIVERED)}
        if faults := group_member.missing(wanted, there):
            raise TopicsMissing("\n".join(faults))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._end(self._settings.timeout_ms / 1000 + MORE_S)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.assignment = SenderAssignment(self._delivery, assigned, self._recipes)
        self._delivery.cancellations.watch(assigned, self._starts(assigned))
        self._delivery.metrics.rebalances.inc()
        say(log, "assigned", partitions=len(assigned))

    async def _starts(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        return {place: await self._consumer.committed(place) for place in places}

    async def _end(self, grace: float) -> None:
        assignment, self.assignment = self.assignment, None
        if assignment:
            await assignment.close(grace)
            await self._commit(assignment, assignment.settled())
            await self._delivery.cancellations.rest()

    async def _commit(
        self, assignment: SenderAssignment, offsets: Mapping[TopicPartition, int]
    ) -> None:
        """Commits. After a crash before it the idempotency records say what was sent."""
        new = await open_records.commit(self._consumer, assignment, offsets, log)
        for place, offset in new.items():
            self._delivery.cancellations.passed(place, offset)
