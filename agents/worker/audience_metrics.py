"""Metrics of audiences (entered, left, members) and of erased persons. docs/metrics.md describes them."""

from typing import Any

from prometheus_client import Counter, Gauge

from stream.stages.people import People


class AudienceMetrics:
    """The instruments. `made`: registry and namespace of each."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.changes = Counter("audience_changes", "Entered and left", ["audience", "kind"], **made)
        self._members = Gauge(
            "audience_members_records", "Persons", ["audience", "partition"], **made
        )
        self.erased = Counter("people_erased", "Persons erased", ["kind"], **made)
        for kind in ("customer", "email", "phone", "visitor"):
            self.erased.labels(kind)
        self._told: dict[str, set[str]] = {}

    def collect(self, partition: str, people: People) -> None:
        """Sets the number of members of each audience."""
        self._told[partition] = set(people.members)
        for audience, number in people.members.items():
            self._members.labels(audience, partition).set(number)

    def forget(self, partition: str) -> None:
        """Removes the gauges of a partition that another worker owns now."""
        for audience in self._told.pop(partition, ()):
            self._members.remove(audience, partition)
