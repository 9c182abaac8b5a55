"""Metrics of audiences (entered, left, members) and of erased persons. docs/metrics.md describes them."""

from typing import Any

from prometheus_client import Counter, Gauge

from stream.stages.people import People


class AudienceMetrics:
    """The instruments. `common`: registry and namespace of each."""

    def __init__(self, common: dict[str, Any]) -> None:
        self.changes = Counter(
            "audience_changes", "Entered and left", ["audience", "kind"], **common
        )
        self._members = Gauge(
            "audience_members_records", "Persons", ["audience", "partition"], **common
        )
        self.erased = Counter("people_erased", "Persons erased", ["kind"], **common)
        for kind in ("customer", "email", "phone", "visitor"):
            self.erased.labels(kind)
        self._exported: dict[str, set[str]] = {}

    def collect(self, partition: str, people: People) -> None:
        """Sets the number of members of each audience."""
        self._exported[partition] = set(people.members)
        for audience, number in people.members.items():
            self._members.labels(audience, partition).set(number)

    def forget(self, partition: str) -> None:
        """Removes the gauges of a partition that another worker owns now."""
        for audience in self._exported.pop(partition, ()):
            self._members.remove(audience, partition)
