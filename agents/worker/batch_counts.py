"""What a stage counted of a batch, added to the metrics that tell it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from stream.events.nearest import OTHER, meant

if TYPE_CHECKING:
    from agents.worker.metrics import Metrics

CLOCK: Final = "clock.advanced"


class BatchCounts:
    """Keeps each counter that it has found: to find one costs more than to add to it."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics
        self._found: dict[tuple[str, str], Counter] = {}

    def add(self, counts: Mapping[tuple[str, str], int]) -> None:
        """`counts`: by (kind, label), as `Outputs` has them."""
        for counted, number in counts.items():
            counter = self._found.get(counted) or self._counter(*counted)
            if counter is not None:
                counter.inc(number)

    def _counter(self, kind: str, label: str) -> Counter | None:
        """None if no metric tells it. One whose label is a text of the input is not kept."""
        metrics, (first, _, second) = self._metrics, label.partition(":")
        if kind == "reported":
            return metrics.left_out.labels(first, second)
        if kind == "unknown":
            return metrics.unknown.labels(meant(label) or OTHER)
        found: Counter | None = None
        if kind == "types":
            found = metrics.events.labels(first, CLOCK if first == "clock" else second)
        elif kind == "facts":
            found = metrics.facts.labels(label)
        elif kind == "claims":
            found = metrics.claims.labels(label)
        elif kind == "triggers":
            found = metrics.fired.labels(second, first)
        elif kind == "decisions":
            found = metrics.decisions.labels(first, second)
        if found is not None:
            self._found[kind, label] = found
        return found
