"""/live, /ready and /metrics of a bridge."""

import time
from collections import Counter
from typing import Final

from agents.bridge.consumer import BridgeConsumer
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.settings import BridgeSettings

STILL_S: Final = 60.0
"""A consumer polls several times a second. If a broker and the schema registry answer and it has not polled for
this long (s), it hangs, and a restart helps."""


class BridgeHealth:
    """The faults that the probes show. It runs no task of its own."""

    def __init__(
        self,
        settings: BridgeSettings,
        consumer: BridgeConsumer,
        schemas: SchemaRegistry,
        metrics: BridgeMetrics,
    ) -> None:
        self._settings, self._consumer = settings, consumer
        self._schemas, self._metrics = schemas, metrics
        for source in settings.topics.values():
            metrics.known(source.name)

    def stalled(self) -> list[str]:
        """A sentence for each reason why it is not live. While a broker or the registry does not answer, it is live."""
        still = time.monotonic() - self._consumer.polled
        assigned = self._consumer.assigned
        works = assigned is not None and assigned.open and self._schemas.up
        answers = works and None not in self._consumer.ends().values()
        return [f"no poll for {still:.0f} s"] if answers and still > STILL_S else []

    def unready(self) -> list[str]:
        """A sentence for each reason why it cannot write records."""
        found = []
        assigned = self._consumer.assigned
        if assigned is None or not assigned.open:
            found.append("no assignment yet, or a rebalance is under way")
        elif silent := sum(end is None for end in self._consumer.ends().values()):
            found.append(f"no broker has answered lately for {silent} partitions")
        if not self._schemas.up:
            found.append("the schema registry does not answer")
        return found

    def metrics(self) -> bytes:
        """The exposition format of Prometheus."""
        lag, age = Counter[str](), Counter[str]()
        assigned = self._consumer.assigned
        for place, end in self._consumer.known_ends().items():
            source = self._settings.topics[place.topic].name
            if assigned is None or end is None or place not in assigned.next:
                continue
            behind = max(0, end - assigned.next[place])
            lag[source] += behind
            if behind:
                age[source] = max(age[source], self._consumer.now - assigned.newest[place])
        for source in {each.name for each in self._settings.topics.values()}:
            self._metrics.lag.labels(source).set(lag[source])
            self._metrics.age.labels(source).set(age[source] / 1000)
        self._metrics.registry_up.set(self._schemas.up)
        return self._metrics.text()
