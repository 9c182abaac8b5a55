"""The worker's metrics over a simulated day. The tests make the acknowledgements themselves."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import msgspec
import pytest
from aiokafka.structs import RecordMetadata, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from agents.config.settings import Settings
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.replay.records import records
from agents.simulator import traffic
from agents.worker.metrics import PEOPLE, VISITORS, Metrics
from agents.worker.people import PeopleProcessor
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.visitors import VisitorsProcessor
from stream import recipes_file
from stream.events import types
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record

START = 1_767_571_200_000
HALF_A_DAY = 43_200_000
LAYOUT = Layout(1, 1, 0)


class Input:
    """A record of a fetched batch."""

    def __init__(self, offset: int, value: bytes, key: bytes | None, time: int = START) -> None:
        self.offset, self.value, self.key, self.timestamp = offset, value, key, time
        self.headers: tuple[tuple[str, bytes | None], ...] = ()


def batch(*values: Input) -> RawBatch:
    return RawBatch(cast(Any, values), values[0].offset, values[-1].offset + 1, None)


def good(offset: int) -> Input:
    event = {"id": f"e{offset}", "type": "activity.pinged", "visitor": "v"}
    return Input(offset, msgspec.json.encode(event), b"v")


def bad(offset: int) -> Input:
    return Input(offset, b"{", b"v")


def day() -> Iterator[bytes]:
    for t, event in traffic.day(11, 150, START, HALF_A_DAY):
        yield event if isinstance(event, bytes) else msgspec.json.encode({"t": t, **event})


def value_of(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels. Raises if there is none."""
    found = [
        sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == f"triggers_{name}" and labels.items() <= sample.labels.items()
    ]
    assert found, f"{name} {labels} is not on the page"
    return sum(found)


def on_shards(test: Callable[[Metrics, VisitorsProcessor, PeopleProcessor], None]) -> None:
    """Runs a test on a partition of each stage. Nothing is sent, because the producer is not started."""

    async def run() -> None:
        metrics = Metrics(recipes_file.DEFAULT.names)
        sender = OutputProducer(Settings(kafka=("localhost:1",)), LAYOUT)
        source, facts = Provenance("storefront.events", 0), Provenance("visitor.facts", 0)
        visitors = VisitorsProcessor(
            recipes_file.DEFAULT, source, "state.visitors", sender, metrics
        )
        people = PeopleProcessor(
            recipes_file.DEFAULT, LAYOUT, facts, "state.people", sender, metrics
        )
        test(metrics, visitors, people)
        await asyncio.sleep(0)  # callbacks of acknowledgements

    asyncio.run(run())


def apply(processor: VisitorsProcessor, *values: Input) -> Outputs:
    out = processor.apply([batch(*values)])
    processor.position = values[-1].offset + 1
    return out


def test_every_event_is_counted_by_outcome_and_type() -> None:
    metrics, visitors, out = Metrics(), Visitors(recipes_file.DEFAULT), Outputs()
    rows = [(n, r.time, r.key, r.value) for n, r in enumerate(records(day(), 1))]
    visitors.process(rows, out)
    metrics.decided(out)
    assert value_of(metrics, "events_total") == len(rows)
    assert value_of(metrics, "events_total", outcome="rejected") == len(out.rejected) > 0
    assert value_of(metrics, "events_total", outcome="clock", type="clock.advanced") > 0
    assert value_of(metrics, "events_total", outcome="applied", type="order.placed") > 0


def test_the_type_of_an_event_is_one_of_the_page_or_empty() -> None:
    visitors, out = Visitors(recipes_file.DEFAULT), Outputs()
    event = {"id": "e", "type": "made.up", "visitor": "v"}
    visitors.process([(0, START, b"v", msgspec.json.encode(event))], out)
    assert dict(out.counts) == {
        ("events", "unknown"): 1,
        ("types", "unknown", ""): 1,
        ("unknown", "made.up"): 1,
    }
    assert "" not in types.TYPES


def of(*values: Mapping[str, object] | bytes) -> Metrics:
    """The metrics after these values of one visitor."""
    metrics, visitors, out = Metrics(), Visitors(recipes_file.DEFAULT), Outputs()
    rows = [
        (n, START, b"v", value if isinstance(value, bytes) else msgspec.json.encode(value))
        for n, value in enumerate(values)
    ]
    visitors.process(rows, out)
    metrics.decided(out)
    return metrics


@pytest.mark.parametrize(
    ("given", "type"),
    [
        ({"type": "order.placed", "visitor": "v"}, "order.placed"),
        ({"type": "order.completed", "visitor": "v"}, "order.placed"),
        ({"id": "e", "type": "consent.changed", "visitor": "v", "granted": False}, "consent.changed"),
        ({"id": "e", "type": "order.cancelled", "visitor": "w", "order": {"id": "o"}}, "order.cancelled"),
        (b'{"id": "e", "type": "order.placed", "order": {"name": "6" monitor"}}', "order.placed"),
        (b'{"id": "e", "type": "order.placed", "x": ' + b" " * 300_000 + b"1}", "order.placed"),
        ({"id": "e", "type": "made.up"}, ""),
        ({"id": "e", "type": 7}, ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_a_rejected_record_is_counted_under_its_type_or_the_nearest_one(
    given: dict[str, object] | bytes, type: str
) -> None:
    assert value_of(of(given), "events_total", outcome="rejected", type=type) == 1
    assert value_of(of(given), "events_total", outcome="rejected") == 1


def test_left_out_parts_are_counted_by_type_and_path() -> None:
    cart = {"items": [{"quantity": 1}, {"quantity": 1}, {"product_id": "lamp"}]}
    metrics = of({"id": "e", "type": "cart.updated", "visitor": "v", "cart": cart})
    assert value_of(metrics, "parts_left_out_total", type="cart.updated") == 2
    assert value_of(metrics, "parts_left_out_total", path="$.cart.items[].product_id") == 2


def test_an_unknown_type_is_counted_under_the_nearest_type() -> None:
    metrics = of(*({"id": "e", "type": type, "visitor": "v"} for type in ("purchase", "x", "y")))
    assert value_of(metrics, "unknown_types_total", meant="order.placed") == 1
    assert value_of(metrics, "unknown_types_total", meant="other") == 2


@pytest.mark.parametrize("type", sorted(types.TYPES))
def test_the_first_rejected_event_of_a_type_is_an_increase(type: str) -> None:
    assert value_of(Metrics(), "events_total", outcome="rejected", type=type) == 0


def test_the_time_of_the_last_order_is_exported() -> None:
    def test(metrics: Metrics, visitors: VisitorsProcessor, _: PeopleProcessor) -> None:
        order = msgspec.json.encode({"id": "o", "type": "order.placed", "visitor": "v"})
        metrics.decided(apply(visitors, good(0)), visitors)
        assert value_of(metrics, "order_timestamp_seconds") == 0
        metrics.decided(apply(visitors, Input(1, order, b"v", START + 5000)), visitors)
        assert value_of(metrics, "order_timestamp_seconds") == START / 1000 + 5
        metrics.decided(apply(visitors, good(2)), visitors)
        assert value_of(metrics, "order_timestamp_seconds") == START / 1000 + 5

    on_shards(test)


@pytest.mark.parametrize("recipe", recipes_file.DEFAULT.names)
def test_a_recipe_that_never_fired_has_counters(recipe: str) -> None:
    assert value_of(Metrics([recipe]), "published_total", recipe=recipe, kind="fired") == 0


def test_a_run_of_rejected_records_ends_with_the_first_that_is_accepted() -> None:
    def test(metrics: Metrics, visitors: VisitorsProcessor, _: PeopleProcessor) -> None:
        runs = []
        for values in (
            [good(0), bad(1), bad(2)],
            [bad(3), bad(4)],
            [bad(5), good(6), bad(7)],
            [good(8)],
            [bad(9)],
        ):
            metrics.decided(apply(visitors, *values), visitors)
            runs.append(value_of(metrics, "rejected_run_records", partition="0"))
        assert runs == [2, 4, 1, 0, 1]

    on_shards(test)


def test_records_stamped_before_the_idle_watermark_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The worker logs the difference once a minute."""

    def test(metrics: Metrics, visitors: VisitorsProcessor, _: PeopleProcessor) -> None:
        for number, time in enumerate((START, START - 1, START, START - 2_500, START - 9_000)):
            visitors.apply([RawBatch(cast(Any, [good(number)]), number, number + 1, time)])
            visitors.handshake.idle_watermark = START - 2_000
        assert value_of(metrics, "behind_evidence_records_total") == 2
        visitors.apply([batch(Input(9, b"", b"", START - 1))])
        assert value_of(metrics, "behind_evidence_records_total") == 2, (
            "a replay's times are its own"
        )

    on_shards(test)
    (line,) = [each.getMessage() for each in caplog.records if "clocks_apart" in each.getMessage()]
    assert line == "clocks_apart partition=0 records=1 ms=500"


def test_latency_runs_from_the_decision_to_the_brokers_time_of_the_acknowledgement() -> None:
    async def run() -> Metrics:
        metrics = Metrics()
        sender = OutputProducer(Settings(kafka=("localhost:1",)), LAYOUT)
        visitors = VisitorsProcessor(recipes_file.DEFAULT, Provenance("e", 0), "s", sender, metrics)
        people = PeopleProcessor(
            recipes_file.DEFAULT, LAYOUT, Provenance("f", 0), "s", sender, metrics
        )
        out = Outputs()
        out.moments = [("fired", START), ("cancelled", START + 40)]
        for processor in (visitors, people):
            ack: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
            metrics.decided(out, processor, [ack])
            ack.set_result(RecordMetadata("t", 0, TopicPartition("t", 0), 0, START + 50, 1, 0))
        await asyncio.sleep(0)
        return metrics

    metrics = asyncio.run(run())
    assert value_of(metrics, "exit_latency_seconds_sum") == pytest.approx(0.050)
    assert value_of(metrics, "due_latency_seconds_sum") == pytest.approx(0.050)
    assert value_of(metrics, "cancel_latency_seconds_sum") == pytest.approx(0.020)
    assert value_of(metrics, "cancel_latency_seconds_count") == 2


def test_every_trigger_and_cancel_has_its_planned_time() -> None:
    visitors, people, out = (
        Visitors(recipes_file.DEFAULT),
        People(recipes_file.DEFAULT, 1),
        Outputs(),
    )
    visitors.process(((n, r.time, r.key, r.value) for n, r in enumerate(records(day(), 1))), out)
    facts = [value for _, value in out.facts]
    people.add(enumerate([*facts, watermark_record({0: visitors.clock}, 1)]))
    people.advance(out)
    assert len(out.moments) == len(out.triggers) > 0


def test_a_partition_has_gauges_while_it_is_this_workers() -> None:
    def test(metrics: Metrics, visitors: VisitorsProcessor, people: PeopleProcessor) -> None:
        out = apply(visitors, good(0))
        visitors.stage.changes()
        visitors.end = 3
        metrics.set_broker_time(START + 90_000)
        metrics.collect([visitors, people])
        place = {"stage": VISITORS, "partition": "0"}
        assert out.counts["events", "applied"] == 1
        assert value_of(metrics, "lag_records", **place) == 2
        assert value_of(metrics, "state_keys", **place) == 1
        assert value_of(metrics, "state_bytes", **place) > 25
        assert value_of(metrics, "evidence_timestamp_seconds", partition="0") == START / 1000
        assert value_of(metrics, "evidence_age_seconds", partition="0") >= 90
        assert value_of(metrics, "due_age_seconds", **place) == 0
        assert value_of(metrics, "state_keys", stage=PEOPLE, partition="0") == 0
        metrics.set_broker_time(START + 400_000)
        metrics.collect([visitors])
        assert value_of(metrics, "due_age_seconds", **place) >= 99, (
            "idle was due 300 s after the event"
        )
        assert 'stage="people",' not in metrics.text().decode()
        assert 'partition="0",stage="people"' not in metrics.text().decode()
        metrics.collect([])
        assert 'partition="0"' not in metrics.text().decode()

    on_shards(test)


def test_a_replay_has_no_ages_and_no_latencies() -> None:
    async def run() -> str:
        metrics = Metrics(live=False)
        sender = OutputProducer(Settings(kafka=("localhost:1",)), LAYOUT)
        processor = VisitorsProcessor(
            recipes_file.DEFAULT, Provenance("e", 0), "s", sender, metrics
        )
        metrics.set_broker_time(START)
        metrics.collect([processor])
        return metrics.text().decode()

    text = asyncio.run(run())
    assert 'triggers_state_keys{partition="0",stage="visitors"}' in text
    assert "triggers_evidence_age_seconds{" not in text
    assert "triggers_due_age_seconds{" not in text


def test_a_rebalance_pauses_once_from_the_first_revoked_to_flowing() -> None:
    metrics = Metrics()
    metrics.resumed()
    assert value_of(metrics, "rebalance_pause_seconds_count") == 0
    metrics.paused()
    metrics.paused()
    metrics.resumed()
    metrics.resumed()
    assert value_of(metrics, "rebalance_pause_seconds_count") == 1


def test_the_size_of_state_and_the_open_episodes_match_the_states() -> None:
    """The running counts equal a recount. A restore counts all states with a pending step."""
    visitors, people = Visitors(recipes_file.DEFAULT), People(recipes_file.DEFAULT, 1)
    written: dict[str, dict[bytes, bytes | None]] = {VISITORS: {}, PEOPLE: {}}
    offset = most = 0
    rows = [(n, r.time, r.key, r.value) for n, r in enumerate(records(day(), 1))]
    rows = [row for row in rows if row[1] < START + HALF_A_DAY]
    for begin in range(0, len(rows), 500):
        out = Outputs()
        visitors.process(rows[begin : begin + 500], out)
        facts = [value for _, value in out.facts]
        people.add(enumerate([*facts, watermark_record({0: visitors.clock}, 1)], offset))
        offset += len(facts) + 1
        people.advance(out)
        for name, stage in ((VISITORS, visitors), (PEOPLE, people)):
            written[name] |= dict(stage.changes())
            stage.committed(offset)
        most = max(most, people.open_episodes)
    assert most > 0
    for name, stage in ((VISITORS, visitors), (PEOPLE, people)):
        values = (value for key, value in written[name].items() if key)
        again = (
            Visitors(recipes_file.DEFAULT) if name == VISITORS else People(recipes_file.DEFAULT, 1)
        )
        again.restore(written[name].items())
        again.restored()
        assert stage.size == again.size == sum(len(value) for value in values if value)
        assert stage.keys == again.keys
        if isinstance(again, People):
            assert 0 < again.open_episodes <= people.open_episodes


def test_a_scrape_has_the_process_and_the_versions_and_no_times_of_creation() -> None:
    metrics = Metrics(["a"])
    text = metrics.text().decode()
    assert "process_resident_memory_bytes" in text
    assert "python_gc_objects_collected_total" in text
    assert "_created" not in text
    assert value_of(metrics, "build_info") == 1
    for outcome, kind in (("rejected", ""), ("unknown", ""), ("clock", "clock.advanced")):
        assert value_of(metrics, "events_total", outcome=outcome, type=kind) == 0
    assert value_of(metrics, "decisions_total", outcome="fired", reason="") == 0
    assert value_of(metrics, "shadow_decisions_total", outcome="fired", reason="") == 0
    assert value_of(metrics, "rejected_total", reason="not_json") == 0
    for stage in ("visitors", "keys", "people"):
        assert value_of(metrics, "deleted_unread_records_total", stage=stage) == 0
    for name in ("facts_total", "claims_total"):
        assert (
            value_of(metrics, name, outcome="applied")
            == value_of(metrics, name, outcome="copy")
            == 0
        )
    assert value_of(metrics, "outcomes_total", recipe="a", group="treated") == 0
    assert value_of(metrics, "published_total", recipe="a", kind="cancelled") == 0
    for kind in types.TYPES:
        assert value_of(metrics, "events_total", outcome="applied", type=kind) == 0
        assert value_of(metrics, "unknown_types_total", meant=kind) == 0


def test_each_stage_has_its_number_of_partitions() -> None:
    metrics = Metrics()
    metrics.set_partitions(Layout(4, 3, 2))
    found = [
        value_of(metrics, "partitions", stage=stage) for stage in ("visitors", "keys", "people")
    ]
    assert found == [4, 2, 3]


def test_rejected_records_are_counted_by_reason() -> None:
    metrics = of(b"{", b"{", {"id": "e", "type": "order.placed", "visitor": 7})
    assert value_of(metrics, "rejected_total", reason="not_json") == 2
    assert value_of(metrics, "rejected_total") == 3


def test_the_brokers_time_goes_on_between_two_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [50.0]
    monkeypatch.setattr("agents.worker.metrics.time.monotonic", lambda: clock[0])
    metrics = Metrics()
    assert metrics.now() is None
    metrics.set_broker_time(START)
    assert metrics.now() == START
    clock[0] += 1.5
    assert metrics.now() == START + 1_500


def test_the_time_of_a_replay_is_the_latest_of_its_partitions() -> None:
    class Reached:
        def __init__(self, clock: int, number: int) -> None:
            self.clock, self.name, self.end, self.position = clock, "keys", 0, 0
            self.source = Provenance("x", number)
            self.stage = self
            self.keys = self.size = 0

    metrics = Metrics(live=False)
    assert metrics.now() == -1
    metrics.collect(cast(Any, [Reached(7, 0), Reached(9, 1), Reached(8, 2)]))
    assert metrics.now() == 9
    metrics.collect([])
    assert metrics.now() == -1


def test_the_latency_of_a_batch_counts_once_its_last_output_is_acknowledged() -> None:
    async def run() -> None:
        metrics, out = Metrics(), Outputs()
        sender = OutputProducer(Settings(kafka=("localhost:1",)), LAYOUT)
        sender._producer._closed = True
        visitors = VisitorsProcessor(recipes_file.DEFAULT, Provenance("e", 0), "s", sender, metrics)
        out.moments = [("fired", START)]
        loop, complaints = asyncio.get_running_loop(), list[Any]()
        loop.set_exception_handler(lambda _, what: complaints.append(what))
        first, last, failed, cancelled = (loop.create_future() for _ in range(4))

        def done(at: int) -> RecordMetadata:
            return RecordMetadata("t", 0, TopicPartition("t", 0), 0, at, 1, 0)

        metrics.decided(out, visitors, [first, last])
        first.set_result(done(START + 9_000))
        await asyncio.sleep(0)
        assert value_of(metrics, "exit_latency_seconds_count") == 0
        last.set_result(done(START - 50))
        await asyncio.sleep(0)
        assert value_of(metrics, "exit_latency_seconds_count") == 1
        assert value_of(metrics, "exit_latency_seconds_sum") == 0, "never negative"
        metrics.decided(out, visitors, [failed])
        metrics.decided(out, visitors, [cancelled])
        metrics.decided(out, visitors, [])
        metrics.decided(Outputs(), visitors, [first])
        failed.set_exception(OSError())
        cancelled.cancel()
        await asyncio.sleep(0)
        failed.exception()
        assert value_of(metrics, "exit_latency_seconds_count") == 1
        assert complaints == [], "no callback failed"

    asyncio.run(run())


def test_the_ages_of_a_partition_are_never_negative() -> None:
    def test(metrics: Metrics, visitors: VisitorsProcessor, people: PeopleProcessor) -> None:
        metrics.set_broker_time(START - 60_000)
        metrics.collect([visitors, people])
        text = metrics.text().decode()
        assert "triggers_evidence_timestamp_seconds{" not in text, (
            "nothing is known before the first record"
        )
        assert "triggers_evidence_age_seconds{" not in text
        assert "triggers_watermark_timestamp_seconds{" not in text
        apply(visitors, good(0))
        visitors.end = 0
        metrics.collect([visitors, people])
        assert value_of(metrics, "evidence_age_seconds", partition="0") == 0
        assert value_of(metrics, "lag_records", stage="visitors") == 0
        assert value_of(metrics, "due_age_seconds", stage="visitors") == 0
        people.apply([batch(Input(0, watermark_record({0: START}, 1), b""))])
        metrics.collect([visitors, people])
        assert value_of(metrics, "watermark_timestamp_seconds", stage="people") == START / 1000
        assert value_of(metrics, "episodes_open", partition="0") == 0

    on_shards(test)
