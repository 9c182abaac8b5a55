"""Live: the broker's clock stamps every record, and no other clock counts.

To save an hour, earlier events are written with their own times, before the topic gets the
broker's; then two workers start and the rest happens in real time.
"""

import json
import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, FACTS
from stream import backtest, recipes_file
from tests.faults import oracle, raw
from tests.integration.replaying import environ, until
from tests.integration.test_topics_on_a_broker import alter

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
OUTPUTS = [f"triggers.{name}" for name in recipes_file.DEFAULT.names] + ["triggers.decisions"]
QUIET = b"visitor:quiet"

Doing = tuple[int, dict[str, Any]]

BEFORE: tuple[Doing, ...] = (
    (65 * MINUTE, {"type": "product.viewed", "product": {"id": "lamp"}, "visitor": "away"}),
    (64 * MINUTE, {"type": "visitor.identified", "customer": "anna", "visitor": "away"}),
    (
        63 * MINUTE,
        {
            "type": "cart.item_added",
            "item": {"product_id": "lamp", "quantity": 1, "price": 40},
            "visitor": "away",
        },
    ),
    (6 * MINUTE, {"type": "product.viewed", "product": {"id": "vase"}, "visitor": "quiet"}),
    (70 * SECOND, {"type": "product.viewed", "product": {"id": "sofa"}, "visitor": "going"}),
    (69 * SECOND, {"type": "product.viewed", "product": {"id": "sofa"}, "visitor": "asked-not-to"}),
    (
        68 * SECOND,
        {
            "type": "consent.changed",
            "channels": ["onsite"],
            "granted": False,
            "visitor": "asked-not-to",
        },
    ),
)
"""(how long ago, what)"""

NOW: tuple[dict[str, Any], ...] = (
    {"type": "exit.signal", "signal": "close_shortcut", "visitor": "going"},
    {"type": "exit.signal", "signal": "close_shortcut", "visitor": "asked-not-to"},
    {"type": "product.viewed", "product": {"id": "sofa"}, "visitor": "hasty"},
    {"type": "exit.signal", "signal": "close_shortcut", "visitor": "hasty"},
)

NO_EVENTS: tuple[tuple[bytes | None, bytes | None, str, str], ...] = (
    (b"v", b"{", "not_json", "$"),
    (b"v", b"\xff\xfe{\x00}\x00", "not_json", "$"),
    (b"v", None, "empty", "$"),
    (b"v", b"[]", "not_an_object", "$"),
    (b"v", b"[" * 2_000 + b"]" * 2_000, "too_deep", "$"),
    (b"v", b'{"x": "' + b"x" * 65_536 + b'"}', "too_large", "$"),
    (b"v", b'{"id": "1", "type": "page.viewed"}', "missing", "$.visitor"),
    (b"v", b'{"id": [1], "type": "page.viewed", "visitor": "v"}', "wrong_type", "$.id"),
    (b"w", b'{"id": "1", "type": "page.viewed", "visitor": "v"}', "key_differs", "$.visitor"),
    (None, b'{"id": "1", "type": "page.viewed", "visitor": "v"}', "no_key", "$.visitor"),
    (
        b"undefined",
        b'{"id": "1", "type": "page.viewed", "visitor": "undefined"}',
        "names_nobody",
        "$.visitor",
    ),
    (
        b"v",
        b'{"id": "1", "type": "exit.signal", "visitor": "v", "signal": "sneeze"}',
        "not_in_list",
        "$.signal",
    ),
)
"""(key, value, reason, path)"""


class Live(NamedTuple):
    """The topics' rows at the end. `judged`: ms, the time of the last event."""

    log: list[raw.Row]
    facts: list[raw.Row]
    outputs: list[raw.Row]
    rejected: list[raw.Row]
    judged: int

    def decided(self, visitor: str) -> list[dict[str, Any]]:
        found = [json.loads(r.value or b"") for r in self.outputs if "decisions" in r.topic]
        return [each for each in found if each["visitor"] == visitor]


@pytest.fixture(scope="module")
def live(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Live:
    prefix = f"t{uuid.uuid4().hex[:10]}."
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, group=f"{prefix}triggers")
    folder = tmp_path_factory.mktemp("live")
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 4, 3)
        alter(admin, settings.topic(EVENTS), message_timestamp_type="CreateTime")
        began = int(time.time() * 1000)
        write(settings, [event(n, doing, began - ago) for n, (ago, doing) in enumerate(BEFORE)])
        alter(admin, settings.topic(EVENTS), message_timestamp_type="LogAppendTime")
    return played(settings, folder)


Given = tuple[bytes | None, bytes | None, int | None]


def event(number: int, doing: dict[str, Any], t: int | None = None) -> Given:
    value = json.dumps({"id": f"e{number}", **doing}).encode()
    return doing["visitor"].encode(), value, t


def write(settings: Settings, given: list[Given]) -> None:
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka), acks="all")
    for key, value, t in given:
        headers = [("trace", b"00-7")]
        producer.send(settings.topic(EVENTS), value, key, headers, timestamp_ms=t)
    producer.flush()
    producer.close()


def played(settings: Settings, folder: Path) -> Live:
    """The rows, once everything due before the last event is decided."""
    with (
        WorkerProcesses(2, environ(settings), folder) as workers,
        raw.Tail(settings, [EVENTS]) as log,
        raw.Tail(settings, OUTPUTS) as outputs,
        raw.Tail(settings, ["storefront.rejected"]) as rejected,
    ):
        workers.wait()
        write(settings, [(key, value, None) for key, value, _, _ in NO_EVENTS])
        write(settings, [event(100 + n, doing) for n, doing in enumerate(NOW)])
        judged = max(row.time for row in log.read())
        must = expected(log.rows, judged)
        until(lambda: must <= values(outputs.read(), judged), workers)
        until(lambda: len(rejected.read()) >= len(NO_EVENTS), workers)
        until(lambda: any(row.key == QUIET for row in raw.packed(settings, FACTS)), workers)
        facts = raw.packed(settings, FACTS)
        return Live(log.rows, facts, outputs.read(), rejected.read(), judged)


def expected(log: list[raw.Row], judged: int) -> set[bytes]:
    """The decisions of a backtest of the log up to that time."""
    both = backtest.decide((line for _, line in oracle.lines(log, live=True)), recipes_file.DEFAULT)
    return {value for value in (*both[0], *both[1]) if moment(value) <= judged}


def values(rows: list[raw.Row], judged: int) -> set[bytes]:
    return {row.value for row in rows if row.value and moment(row.value) <= judged}


def moment(value: bytes) -> int:
    """The time (ms) of a decision."""
    document = json.loads(value)
    data = document.get("data", document)
    return int(data["at"] if "at" in data else data["not_before"])


def test_an_exit_trigger_is_published_while_its_visitor_is_active(live: Live) -> None:
    (signal,) = [row for row in live.log if b'"e100"' in (row.value or b"")]
    (trigger,) = [row for row in live.outputs if row.topic == "triggers.exit-intent"]
    data = json.loads(trigger.value or b"")["data"]
    assert (data["visitor"], data["channels"]) == ("going", ["onsite"])
    assert (data["not_before"], data["valid_until"]) == (signal.time, signal.time + 30 * SECOND)
    assert data["product"]["id"] == "sofa"
    assert 0 <= trigger.time - signal.time < 30 * SECOND


def test_the_record_of_a_trigger_is_a_cloudevent_in_structured_mode(live: Live) -> None:
    (trigger,) = [row for row in live.outputs if row.topic == "triggers.exit-intent"]
    message = KafkaMessage(
        headers=dict(trigger.headers), key=trigger.key, value=trigger.value or b""
    )
    assert from_structured_event(message).get_type() == "storefront.trigger.fired.v1"


@pytest.mark.parametrize(
    ("visitor", "outcome", "reason"),
    [("asked-not-to", "refused", "consent"), ("hasty", "refused", "too_soon")],
)
def test_a_refused_exit_candidate_leaves_a_decision_with_its_reason(
    live: Live, visitor: str, outcome: str, reason: str
) -> None:
    (decision,) = live.decided(visitor)
    assert (decision["outcome"], decision["reason"]) == (outcome, reason)


def test_a_quiet_visitor_is_idle_after_five_minutes_of_the_brokers_time(live: Live) -> None:
    (last,) = [row for row in live.log if row.key == b"quiet"]
    facts = [json.loads(row.value or b"") for row in live.facts if row.key == QUIET]
    assert [(fact["type"], fact["at"]) for fact in facts] == [
        ("visitor.idle", last.time + 5 * MINUTE)
    ]


def test_a_cart_left_an_hour_ago_is_reminded_of_at_its_hour(live: Live) -> None:
    left = max(row.time for row in live.log if row.key == b"away")
    (trigger,) = [row for row in live.outputs if row.topic == "triggers.cart-abandonment"]
    data = json.loads(trigger.value or b"")["data"]
    assert (data["person"], data["not_before"]) == ("customer:anna", left + HOUR)
    assert trigger.time > left + HOUR


def test_live_decides_what_a_backtest_of_its_log_decides(live: Live) -> None:
    assert values(live.outputs, live.judged) == expected(live.log, live.judged)
    judged = [row.value for row in live.outputs if moment(row.value or b"") <= live.judged]
    assert len(judged) == len(set(judged))


def test_every_input_that_is_no_event_is_rejected_once_with_its_bytes(live: Live) -> None:
    no_events = {(key, value) for key, value, _, _ in NO_EVENTS}
    given = [row for row in live.log if (row.key, row.value) in no_events]
    assert len(given) == len(NO_EVENTS)
    origins = {(row.partition, row.offset): row for row in given}
    assert len(live.rejected) == len(given)
    for row in live.rejected:
        headers = row.headers
        origin = origins.pop((int(headers["partition"]), int(headers["offset"])))
        assert headers["topic"].decode().endswith(EVENTS)
        assert (row.key, row.value, headers["trace"]) == (origin.key, origin.value, b"00-7")
        assert int(headers["time"]) == origin.time


def test_every_rejected_input_says_why_and_where(live: Live) -> None:
    told = {
        (row.key, row.value, row.headers["reason"].decode(), row.headers["path"].decode())
        for row in live.rejected
    }
    assert told == set(NO_EVENTS)
