"""The collector's metrics: what it has taken and refused. Labels are closed sets.

`source`: a name of the sources file, `collect`, or `-` for an unknown one · `type`: a type of event, or
`other`. Reasons and paths are our own words. Names of foreign events are cut, and their number is bounded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from agents.collector.throttled_log import readable
from agents.collector.validation import OTHER, Judged, Refused
from stream.connect.finishing import orders_of_nobody
from stream.connect.translation import LeftOut

disable_created_metrics()  # type: ignore[no-untyped-call]

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
ALARMING: Final = ("order.placed", "order.cancelled", "consent.changed")
"""Types whose refusal raises an alarm. They are counted from 0, so that the first one is an increase."""

REASONS: Final = (
    "missing", "wrong_type", "out_of_range", "not_in_list", "names_nobody", "too_large", "too_deep", "not_json",
    "several_lines", "byte_order_mark",
)  # fmt: skip
"""The reasons for which such an event is refused."""

OWN: Final = "collect"
"""The label of events in the service's own form."""

NAMES: Final = 100
"""Unknown event names that are counted by themselves, for each source. The others count as `other`."""


class Children(dict[tuple[str, ...], Any]):
    """The children of a metric by their labels. The library takes longer to find a child than to count."""

    def __init__(self, metric: Counter | Gauge) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        found = self[labels] = self._metric.labels(*labels)
        return found

    def begin(self, *labels: str) -> None:
        """Shows the labels with 0 before anything was counted."""
        self[labels]


class CollectorMetrics:
    def __init__(self, sources: Iterable[str] = ()) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        made: dict[str, Any] = {"registry": registry, "namespace": "triggers"}

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"collector_{name}", about, labels, **made)

        self._posts = Children(
            counter("posts", "Posts by the status of their answer", "source", "status")
        )
        self._events = Children(counter("events", "Events taken into Kafka", "source", "type"))
        self._unauthorized = counter(
            "unauthorized", "Posts without a known key, secret or signature", "kind", "reason"
        )
        self._unknown = Children(
            counter(
                "unknown_events",
                "Events of a source for which no table has a row",
                "source",
                "name",
            )
        )
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self._lasts = Children(
            Gauge(
                "collector_last_event_timestamp_seconds",
                "When an event of the source was last taken; 0: never",
                ["source"],
                **made,
            )
        )
        self._refused = Children(
            counter("refused", "Events and messages that were refused", "source", "type", "reason")
        )
        self._parts = Children(
            counter(
                "parts_left_out", "Parts that taken events went without", "type", "path", "reason"
            )
        )
        self._left_out = Children(
            counter(
                "left_out",
                "What a source sent and nobody here needs, or nobody can read",
                "source",
                "reason",
            )
        )
        self._of_nobody = Children(
            counter("orders_of_nobody", "Orders of a source that name nobody", "source")
        )
        self._robots = Children(
            counter("robots", "Posts of robots and of pages loaded ahead", "source")
        )
        self._lost = counter("rejects_lost", "Refused events of which no copy is kept")
        self._seconds = Histogram(
            "collector_acknowledged_seconds",
            "From a post's check to the broker's acknowledgement, or to giving up",
            buckets=BUCKETS,
            **made,
        )
        for source in (OWN, *sources):
            self._lasts.begin(source)
            self._robots.begin(source)
            self._of_nobody.begin(source)
            for kind, reason in product(ALARMING, REASONS):
                self._refused.begin(source, kind, reason)

    def answered(self, source: str, status: int) -> None:
        self._posts[source, str(status)].inc()

    def judged(self, source: str, judged: Judged, types: Mapping[str, int]) -> None:
        """Counts a post once its answer is final: a post that is sent again counts once.

        `types`: how many of its events were taken, by type.
        """
        if types:
            self._lasts[(source,)].set_to_current_time()
            for kind, count in types.items():
                self._events[source, kind].inc(count)
        self.refused(source, judged.refused)
        for kind, note in judged.left_out:
            self._parts[kind, note.path, note.reason].inc()

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        for each in refused:
            self._refused[source, each.type, each.reason].inc()

    def left_out(self, source: str, left_out: Sequence[LeftOut]) -> None:
        for each in left_out:
            self._left_out[source, each.reason].inc()
        if number := orders_of_nobody(left_out):
            self._of_nobody[(source,)].inc(number)

    def unauthorized(self, kind: str, reason: str) -> None:
        self._unauthorized.labels(kind, reason).inc()

    def unknown(self, source: str, name: str) -> None:
        names, plain = self._names[source], readable(name)
        if plain not in names and len(names) >= NAMES:
            plain = OTHER
        names.add(plain)
        self._unknown[source, plain].inc()

    def robot(self, source: str) -> None:
        self._robots[(source,)].inc()

    def lost(self) -> None:
        self._lost.inc()

    def carried(self, seconds: float) -> None:
        """Counts how long a post waited for the broker, whether it acknowledged or not."""
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """The metrics in Prometheus' exposition format."""
        return generate_latest(self.registry)
