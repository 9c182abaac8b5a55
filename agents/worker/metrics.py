"""The worker's metrics. docs/metrics.md describes each of them.

Counters are incremented once a batch, latencies observed at acknowledgements, gauges of partitions set at a scrape.
So a single event costs nothing here. The values of every label are a closed set. Times and durations are ms in the
code and seconds in Prometheus.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

import schemas
from agents.worker.audience_metrics import AudienceMetrics
from agents.worker.batch_counts import CLOCK, BatchCounts
from agents.worker.instruments import QUICK, SLOW, Times
from agents.worker.recipes_metrics import RecipesMetrics
from agents.worker.rejected_runs import RejectedRuns
from stream.events.nearest import OTHER
from stream.events.types import TYPES
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.waiting import WaitingStage
from stream.state.cart import NEVER

if TYPE_CHECKING:
    from agents.kafka.topics import Layout
    from agents.worker.partition_processor import PartitionProcessor
    from agents.worker.producer import Ack

disable_created_metrics()  # type: ignore[no-untyped-call]

VISITORS: Final = "visitors"
KEYS: Final = "keys"
PEOPLE: Final = "people"
ORDERED: Final = ("types", "applied", "order.placed")


class Metrics:
    """The metrics. `live`: records have the broker's time; else, in a replay, latencies and ages are not set."""

    def __init__(self, recipes: Iterable[str] = (), live: bool = True) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        made: dict[str, Any] = {"registry": registry, "namespace": "triggers"}
        stage, place = ["stage"], ["stage", "partition"]
        self.events = Counter("events", "Input records", ["outcome", "type"], **made)
        self.facts = Counter("facts", "Facts of the people stage", ["outcome"], **made)
        self.claims = Counter("claims", "Claims of the keys stage", ["outcome"], **made)
        self._counts = BatchCounts(self)
        self.recipes = RecipesMetrics(made, self.now, self._counts.forget, recipes)
        self.fired = self.recipes.fired
        self.audiences = AudienceMetrics(made)
        self.decisions = Counter("decisions", "Decisions", ["outcome", "reason"], **made)
        self.rejected = Counter("rejected", "Records that are no valid event", ["reason"], **made)
        self.unknown = Counter(
            "unknown_types", "Events of a type that there is not", ["meant"], **made
        )
        self.left_out = Counter("parts_left_out", "Parts not read", ["type", "path"], **made)
        self.order = Times("order_timestamp_seconds", "Of the last order applied", **made)
        self.run = Gauge("rejected_run_records", "Rejected in a row", ["partition"], **made)
        self.skipped = Counter("deleted_unread_records", "Deleted before read", stage, **made)
        self.behind = Counter("behind_evidence_records", "Stamped too early", **made)

        self.lag = Gauge("lag_records", "Records not yet read", place, **made)
        self.evidence = Times("evidence_timestamp_seconds", "Reached", ["partition"], **made)
        self.evidence_lag = Times(
            "evidence_age_seconds", "Broker's clock less the time reached", ["partition"], **made
        )
        self.watermark = Times("watermark_timestamp_seconds", "Watermark", place, **made)
        self.due_age = Times(
            "due_age_seconds", "Of the oldest deadline that is due and not fired", place, **made
        )
        self.episodes = Gauge("episodes_open", "Abandonments that wait", ["partition"], **made)
        self.keys = Gauge("state_keys", "Keys with state", place, **made)
        self.bytes = Gauge("state_bytes", "Packed state", place, **made)
        self.partitions = Gauge("partitions", "Partitions of a stage's input", stage, **made)

        quick, slow = {**made, "buckets": QUICK}, {**made, "buckets": SLOW}
        self.exit = Histogram("exit_latency_seconds", "From signal to trigger", **quick)
        self.due = Histogram("due_latency_seconds", "From deadline to trigger", **slow)
        self.cancel = Histogram("cancel_latency_seconds", "From order to cancel", **slow)
        self.checkpoint = Histogram(
            "checkpoint_seconds", "Checkpoints: outputs, state, offsets", **quick
        )
        self.restore = Histogram("restore_seconds", "Restores of state", **slow)
        self.rebalances = Counter("rebalances", "Assignments of partitions", **made)
        self.pauses = Histogram("rebalance_pause_seconds", "From revoked to flowing", **slow)

        build = Gauge("build_info", "What runs", ["version", "python", "faust"], **made)
        versions = version("storefront-triggers"), python_version(), version("faust-streaming")
        build.labels(*versions).set(1)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._live = live
        self._newest_order = 0
        self._paused: float | None = None
        self._brokers: tuple[int, float] | None = None
        self._reported: set[tuple[str, int]] = set()
        self._reached = NEVER
        self._runs = RejectedRuns(self.run)
        self._start()

    def _start(self) -> None:
        """Creates the counters at zero, because a rate needs a first value."""
        for reason in schemas.load("rejected")["properties"]["reason"]["enum"]:
            self.rejected.labels(reason)
        for outcome, kind in (("rejected", ""), ("unknown", ""), ("clock", CLOCK)):
            self.events.labels(outcome, kind)
        for kind in TYPES:
            self.events.labels("applied", kind)
            self.events.labels("rejected", kind)
        for kind in (*TYPES, OTHER):
            self.unknown.labels(kind)
        self.decisions.labels("fired", "")
        self.recipes.shadow_decisions.labels("fired", "")
        for outcome in ("applied", "copy"):
            self.facts.labels(outcome)
            self.claims.labels(outcome)
        for stage in (VISITORS, KEYS, PEOPLE):
            self.skipped.labels(stage)

    def now(self) -> int | None:
        """The brokers' time (ms), None before it is known. In a replay: the latest time that a partition has reached."""
        if not self._live:
            return self._reached
        if self._brokers is None:
            return None
        return int(self._brokers[0] + (time.monotonic() - self._brokers[1]) * 1000)

    def decided(
        self,
        out: Outputs,
        processor: "PartitionProcessor | None" = None,
        acks: Sequence["Ack"] = (),
    ) -> None:
        """Adds the counts of a batch. `acks`: acknowledgements of its outputs, in sending order."""
        self._counts.add(out.counts)
        for _, reason, _ in out.rejected:
            self.rejected.labels(reason).inc()
        if processor is not None:
            self._runs.add(out, str(processor.source.partition), processor.position)
            if self._live and ORDERED in out.counts:
                self._newest_order = max(self._newest_order, processor.clock)
                self.order.set(self._newest_order)
            if self._live and out.moments and acks:
                acks[-1].add_done_callback(partial(self._acknowledged, processor.name, out.moments))

    def _acknowledged(self, stage: str, moments: list[tuple[str, int]], ack: "Ack") -> None:
        """Observes the latency of a batch's triggers, up to the broker's time of its last output."""
        if ack.cancelled() or ack.exception():
            return
        landed = ack.result().timestamp
        for kind, at in moments:
            histogram = self.cancel if kind == "cancelled" else self.due
            if kind == "fired" and stage == VISITORS:
                histogram = self.exit
            histogram.observe(max(0, landed - at) / 1000)

    def set_broker_time(self, brokers: int) -> None:
        """Notes that the brokers' time was `brokers` (ms) a moment ago."""
        self._brokers = brokers, time.monotonic()

    def set_partitions(self, layout: "Layout") -> None:
        """Sets the number of partitions of each stage's input."""
        self.partitions.labels(VISITORS).set(layout.inputs)
        self.partitions.labels(KEYS).set(layout.keys)
        self.partitions.labels(PEOPLE).set(layout.people)

    def paused(self) -> None:
        """Starts to measure how long a rebalance holds the input."""
        self._paused = self._paused or time.monotonic()

    def resumed(self) -> None:
        """Observes how long the rebalance held the input."""
        if self._paused is not None:
            self.pauses.observe(time.monotonic() - self._paused)
            self._paused = None

    def collect(self, processors: Collection["PartitionProcessor"]) -> None:
        """Sets the gauges of this worker's partitions, and removes those of partitions that it no longer owns."""
        self._reached = max((processor.clock for processor in processors), default=NEVER)
        owned = {
            (processor.name, processor.source.partition): processor for processor in processors
        }
        for gone in self._reported - owned.keys():
            self.forget(*gone)
        self._reported = set(owned)
        for (stage, number), processor in owned.items():
            self._collect(stage, str(number), processor)

    def _collect(self, stage: str, partition: str, processor: "PartitionProcessor") -> None:
        part = processor.stage
        self.lag.labels(stage, partition).set(max(0, processor.end - processor.position))
        self.keys.labels(stage, partition).set(part.keys)
        self.bytes.labels(stage, partition).set(part.size)
        if isinstance(part, WaitingStage) and part.watermark >= 0:
            self.watermark.labels(stage, partition).set(part.watermark)
        if isinstance(part, People):
            self.episodes.labels(partition).set(part.open_episodes)
            self.audiences.collect(partition, part)
        elif stage == VISITORS and processor.clock >= 0:
            self.evidence.labels(partition).set(processor.clock)
        now = self.now()
        if self._live and now is not None:
            due = part.next_deadline
            late = now - due if due is not None and due > 0 else 0
            self.due_age.labels(stage, partition).set(max(0, late))
            if stage == VISITORS and processor.clock >= 0:
                self.evidence_lag.labels(partition).set(max(0, now - processor.clock))

    def forget(self, stage: str, partition: int) -> None:
        """Removes the gauges of a partition that another worker owns now."""
        own = {VISITORS: [self.evidence, self.evidence_lag, self.run], PEOPLE: [self.episodes]}
        for gauge in own.get(stage, ()):
            gauge.remove(str(partition))
        if stage == VISITORS:
            self._runs.forget(str(partition))
        if stage == PEOPLE:
            self.audiences.forget(str(partition))
        for gauge in (self.watermark, self.lag, self.due_age, self.keys, self.bytes):
            gauge.remove(stage, str(partition))

    def text(self) -> bytes:
        """The metrics in Prometheus' exposition format."""
        return generate_latest(self.registry)
