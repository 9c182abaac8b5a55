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
        common: dict[str, Any] = {"registry": registry, "namespace": "triggers"}
        stage, place = ["stage"], ["stage", "partition"]
        self.events = Counter("events", "Input records", ["outcome", "type"], **common)
        self.facts = Counter("facts", "Facts of the people stage", ["outcome"], **common)
        self.claims = Counter("claims", "Claims of the keys stage", ["outcome"], **common)
        self._counts = BatchCounts(self)
        self.recipes = RecipesMetrics(common, self.now, self._counts.forget, recipes)
        self.fired = self.recipes.fired
        self.audiences = AudienceMetrics(common)
        self.orders = Counter("orders", "Orders, not recurring", ["visitor"], **common)
        self.joined = Counter("orders_joined", "Of unseen visitors, reached a person", **common)
        self.decisions = Counter("decisions", "Decisions", ["outcome", "reason"], **common)
        self.rejected = Counter(
            "rejected", "Records that are not a valid event", ["reason"], **common
        )
        self.unknown = Counter("unknown_types", "Events of an unknown type", ["meant"], **common)
        self.left_out = Counter(
            "parts_left_out", "Optional parts that cannot be read", ["type", "path"], **common
        )
        self.order = Times(
            "order_timestamp_seconds", "Broker's time of the last applied order", **common
        )
        self.run = Gauge("rejected_run_records", "Rejected in a row", ["partition"], **common)
        self.skipped = Counter("deleted_unread_records", "Deleted before read", stage, **common)
        self.behind = Counter("behind_evidence_records", "Records before the evidence", **common)

        self.lag = Gauge("lag_records", "Records not yet read", place, **common)
        self.evidence = Times("evidence_timestamp_seconds", "Evidence", ["partition"], **common)
        self.evidence_lag = Times(
            "evidence_age_seconds", "Broker's clock minus evidence", ["partition"], **common
        )
        self.watermark = Times("watermark_timestamp_seconds", "Watermark", place, **common)
        self.due_age = Times(
            "due_age_seconds", "Of the oldest deadline that is due and not fired", place, **common
        )
        self.episodes = Gauge("episodes_open", "Open episodes", ["partition"], **common)
        self.keys = Gauge("state_keys", "Keys with state", place, **common)
        self.bytes = Gauge("state_bytes", "Packed state", place, **common)
        self.partitions = Gauge("partitions", "Partitions of a stage's input", stage, **common)

        quick, slow = {**common, "buckets": QUICK}, {**common, "buckets": SLOW}
        self.exit = Histogram("exit_latency_seconds", "From signal to trigger", **quick)
        self.due = Histogram("due_latency_seconds", "From deadline to trigger", **slow)
        self.cancel = Histogram("cancel_latency_seconds", "From order to cancel", **slow)
        self.checkpoint = Histogram(
            "checkpoint_seconds", "Checkpoints: outputs, state, offsets", **quick
        )
        self.restore = Histogram("restore_seconds", "Restores of state", **slow)
        self.rebalances = Counter("rebalances", "Assignments of partitions", **common)
        self.pauses = Histogram("rebalance_pause_seconds", "From revoked to flowing", **slow)

        build = Gauge("build_info", "Versions", ["version", "python", "faust"], **common)
        versions = version("storefront-triggers"), python_version(), version("faust-streaming")
        build.labels(*versions).set(1)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._live = live
        self._newest_order = 0
        self._paused: float | None = None
        self._broker_time: tuple[int, float] | None = None
        self._reported: set[tuple[str, int]] = set()
        self._latest_clock = NEVER
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
        for visitor in ("seen", "unseen"):
            self.orders.labels(visitor)
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
            return self._latest_clock
        if self._broker_time is None:
            return None
        return int(self._broker_time[0] + (time.monotonic() - self._broker_time[1]) * 1000)

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
        appended = ack.result().timestamp
        for kind, at in moments:
            histogram = self.cancel if kind == "cancelled" else self.due
            if kind == "fired" and stage == VISITORS:
                histogram = self.exit
            histogram.observe(max(0, appended - at) / 1000)

    def set_broker_time(self, now: int) -> None:
        """Sets the brokers' time (ms)."""
        self._broker_time = now, time.monotonic()

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
        self._latest_clock = max((processor.clock for processor in processors), default=NEVER)
        owned = {
            (processor.name, processor.source.partition): processor for processor in processors
        }
        for former in self._reported - owned.keys():
            self.forget(*former)
        self._reported = set(owned)
        for (stage, number), processor in owned.items():
            self._collect(stage, str(number), processor)

    def _collect(self, stage: str, partition: str, processor: "PartitionProcessor") -> None:
        state = processor.stage
        self.lag.labels(stage, partition).set(max(0, processor.end - processor.position))
        self.keys.labels(stage, partition).set(state.keys)
        self.bytes.labels(stage, partition).set(state.size)
        if isinstance(state, WaitingStage) and state.watermark >= 0:
            self.watermark.labels(stage, partition).set(state.watermark)
        if isinstance(state, People):
            self.episodes.labels(partition).set(state.open_episodes)
            self.audiences.collect(partition, state)
        elif stage == VISITORS and processor.clock >= 0:
            self.evidence.labels(partition).set(processor.clock)
        now = self.now()
        if self._live and now is not None:
            due = state.next_deadline
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
