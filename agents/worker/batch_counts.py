"""Adds the counts of a batch to the metrics."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from stream.events.nearest import OTHER, meant

if TYPE_CHECKING:
    from agents.worker.metrics import Metrics

CLOCK: Final = "clock.advanced"


class BatchCounts:
    """Adds counts. It keeps each counter that it has looked up: a lookup costs more than adding."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics
        self._found: dict[tuple[str, ...], Counter] = {}

    def add(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Adds the counts of a batch. `counts`: by (name, its labels …), as in `Outputs`."""
        for counted, number in counts.items():
            counter = self._found.get(counted) or self._counter(counted)
            if counter is not None:
                counter.inc(number)

    def forget(self, recipe: str) -> None:
        """Drops the counters of a recipe that is no longer in force."""
        for counted in [
            each for each in self._found if each[0] == "triggers" and each[2] == recipe
        ]:
            del self._found[counted]

    def _counter(self, counted: tuple[str, ...]) -> Counter | None:
        """The counter, None if no metric shows the count. A counter with text of the input as label is not kept."""
        metrics = self._metrics
        match counted:
            case "reported", type, path:
                return metrics.left_out.labels(type, path)
            case "unknown", name:
                return metrics.unknown.labels(meant(name) or OTHER)
            case "types", "clock", _:
                found = metrics.events.labels("clock", CLOCK)
            case "types", outcome, type:
                found = metrics.events.labels(outcome, type)
            case "facts", outcome:
                found = metrics.facts.labels(outcome)
            case "claims", outcome:
                found = metrics.claims.labels(outcome)
            case "triggers", outcome, recipe:
                found = metrics.fired.labels(recipe, outcome)
            case "audiences", change, audience:
                found = metrics.audiences.changes.labels(audience, change)
            case "erased", kind:
                found = metrics.audiences.erased.labels(kind)
            case "decisions", outcome, reason:
                found = metrics.decisions.labels(outcome, reason)
            case "shadow_decisions", outcome, reason:
                found = metrics.recipes.shadow_decisions.labels(outcome, reason)
            case "shadow", kind, recipe:
                found = metrics.recipes.shadow.labels(recipe, kind)
            case "outcomes", group, recipe:
                found = metrics.recipes.outcomes.labels(recipe, group)
            case _:
                return None
        self._found[counted] = found
        return found
