"""Adds the counts of a batch to the metrics."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from stream.events.nearest import OTHER, meant

if TYPE_CHECKING:
    from agents.worker.metrics import Metrics

CLOCK: Final = "clock.advanced"


class BatchCounts:
    """Adds counts. Counters are cached, because a lookup costs more than an increment."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics
        self._counters: dict[tuple[str, ...], Counter] = {}

    def add(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Adds the counts of a batch. `counts`: number by (name, label, …), as in `Outputs`."""
        for key, number in counts.items():
            counter = self._counters.get(key) or self._counter(key)
            if counter is not None:
                counter.inc(number)

    def forget(self, recipe: str) -> None:
        """Removes the cached counters of a recipe that is no longer in force."""
        for key in [each for each in self._counters if each[0] == "triggers" and each[2] == recipe]:
            del self._counters[key]

    def _counter(self, key: tuple[str, ...]) -> Counter | None:
        """The counter, or None if no metric has this count. A counter labelled with input text is not cached."""
        metrics = self._metrics
        match key:
            case "reported", type, path:
                return metrics.left_out.labels(type, path)
            case "unknown", name:
                return metrics.unknown.labels(meant(name) or OTHER)
            case "types", "clock", _:
                counter = metrics.events.labels("clock", CLOCK)
            case "types", outcome, type:
                counter = metrics.events.labels(outcome, type)
            case "facts", outcome:
                counter = metrics.facts.labels(outcome)
            case "claims", outcome:
                counter = metrics.claims.labels(outcome)
            case "orders", "joined":
                counter = metrics.joined
            case "orders", visitor:
                counter = metrics.orders.labels(visitor)
            case "triggers", outcome, recipe:
                counter = metrics.fired.labels(recipe, outcome)
            case "audiences", change, audience:
                counter = metrics.audiences.changes.labels(audience, change)
            case "erased", kind:
                counter = metrics.audiences.erased.labels(kind)
            case "decisions", outcome, reason:
                counter = metrics.decisions.labels(outcome, reason)
            case "shadow_decisions", outcome, reason:
                counter = metrics.recipes.shadow_decisions.labels(outcome, reason)
            case "shadow", kind, recipe:
                counter = metrics.recipes.shadow.labels(recipe, kind)
            case "outcomes", group, recipe:
                counter = metrics.recipes.outcomes.labels(recipe, group)
            case _:
                return None
        self._counters[key] = counter
        return counter
