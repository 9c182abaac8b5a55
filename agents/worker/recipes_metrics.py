"""Metrics of recipes and of published documents. docs/metrics.md describes them."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter, Gauge

from agents.worker.instruments import Times
from stream.durations import MINUTE
from stream.recipes.history import History

if TYPE_CHECKING:
    from agents.worker.recipes_follower import RecipesFollower

RETIRE_AFTER: Final = 5 * MINUTE
"""Ms until the metrics of a recipe are removed that is no longer in force. By then its last triggers are counted."""


class RecipesMetrics:
    """The instruments.

    `common`: registry and namespace of each · `now`: the time (ms) that decides which document is in force, None
    before it is known · `forget`: called with a recipe whose counters are removed · `fired`, `shadow`: counters
    of triggers and cancels.
    """

    def __init__(
        self,
        common: dict[str, Any],
        now: Callable[[], int | None],
        forget: Callable[[str], None],
        names: Iterable[str],
    ) -> None:
        self.now = now
        self.fired = Counter("published", "Triggers and cancels", ["recipe", "kind"], **common)
        of_shadows, by_recipe = "Of recipes in the shadow", ["recipe", "kind"]
        self.shadow_decisions = Counter(
            "shadow_decisions", of_shadows, ["outcome", "reason"], **common
        )
        self.shadow = Counter("shadow_published", of_shadows, by_recipe, **common)
        self.outcomes = Counter("outcomes", "Watches that ended", ["recipe", "group"], **common)
        self._forget = forget
        self._recipes: set[str] = set()
        self._since = Times("recipes_since_timestamp_seconds", "Of the document in force", **common)
        self._offset = Gauge("recipes_offset", "Of the document in force; -1: the file", **common)
        self._unread = Gauge("recipes_unread_records", "Of the topic", **common)
        self._refused = Gauge("recipes_refused", "1: the newest document was refused", **common)
        self._missing = Gauge("recipes_topics_missing", "Of triggers, named by documents", **common)
        self._offset.set(-1)
        self.name(names)

    def name(self, names: Iterable[str]) -> None:
        """Creates the counters of recipes at zero, so that a recipe that never fires is visible."""
        for recipe in names:
            self._recipes.add(recipe)
            self.fired.labels(recipe, "fired")
            self.fired.labels(recipe, "cancelled")
            self.shadow.labels(recipe, "fired")
            self.outcomes.labels(recipe, "treated")

    def collect(self, follower: "RecipesFollower") -> None:
        """Sets the gauges of the documents that the worker knows."""
        now = self.now()
        if now is not None:
            since = follower.history.document_at(now).since
            self._since.set(max(0, since))
            self._offset.set(follower.offset_at.get(since, -1))
            self._retire(follower.history, now - RETIRE_AFTER)
        self._unread.set(max(0, follower.end - follower.position))
        self._refused.set(follower.refused)
        self._missing.set(len(follower.missing))

    def _retire(self, history: History, time: int) -> None:
        """Removes the metrics of recipes that were not in force since `time` (ms), so that no alert calls them silent."""
        since = history.document_at(time).since
        kept = {n for each in history.documents if each.since >= since for n in each.recipes.names}
        for recipe in self._recipes - kept:
            self._recipes.discard(recipe)
            for kind in ("fired", "cancelled"):
                self.fired.remove(recipe, kind)
                self.shadow.remove(recipe, kind)
            for group in ("treated", "held"):
                self.outcomes.remove(recipe, group)
            self._forget(recipe)
