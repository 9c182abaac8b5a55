"""Every form of a source's records, through a real bridge on a real broker."""

import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from agents.config.settings import Settings
from tests.contract.test_connect import EXAMPLES, read, written
from tests.integration.bridging import Sources, bridge, numbers, of_visitor, until, viewed
from tests.integration.registry_server import RegistryServer

MINUTE = 60_000
HOUR = 60 * MINUTE
ORDER_OF_NOBODY = {
    "type": "track",
    "messageId": "o",
    "event": "Order Completed",
    "channel": "server",
    "properties": {"order_id": "1"},
}


def now() -> int:
    return int(time.time() * 1000)


def shown(event: dict[str, Any]) -> str:
    """An event without the parts that depend on the pepper or on the time of the run."""
    plain = {name: value for name, value in event.items() if name not in ("client_time", "keys")}
    return json.dumps(plain, sort_keys=True)


def test_every_example_of_a_record_becomes_its_events(sources: Sources) -> None:
    """The events are those of stream/connect. An unreadable record is a dead letter."""
    given = [(file, read(file)) for file in EXAMPLES if "record" in read(file)]
    assert len({file.parent.name for file, _ in given}) >= 6
    expected, refused, topics = list[str](), 0, list[tuple[str, dict[str, Any]]]()
    for number, (file, example) in enumerate(given):
        name = f"s{number}"
        topic = sources.add(name, file.parent.name, 1, **example.get("source", {}))
        topics.append((topic, example))
        expected += [shown(event) for event in example["events"]]
        refused += len(example.get("refused", ()))
    assert refused
    with bridge(sources) as running:
        for topic, example in topics:
            record = example["record"]
            key = record.get("key")
            headers = [(n, text.encode()) for n, text in record.get("headers", {}).items()]
            value = written(record.get("value"))
            sources.put(topic, value, None if key is None else key.encode(), headers)
        sources.flush()
        until(lambda: running.number("triggers_bridge_records_total") >= len(given))
        found = sources.events()
    assert sorted(map(shown, found)) == sorted(expected)
    assert len(sources.letters()) == refused


def test_a_partitions_order_is_kept_and_each_event_gets_its_key(sources: Sources) -> None:
    topic = sources.add("web", "segment")
    with bridge(sources):
        for number in range(300):
            visitor = f"v{number % 30}"
            sources.put(topic, viewed(number, visitor), b"user", partition=number % 30 % 3)
        sources.flush()
        events = sources.wait(300)  # each is keyed by its visitor, as `events` asserts
    for n in range(30):
        assert of_visitor(events, f"v{n}") == list(range(n, 300, 30))


def test_a_backlog_is_no_later_than_it_was_at_its_own_broker(sources: Sources) -> None:
    topic = sources.add("shop", "commercetools", stamps="CreateTime")
    appended = now() - 3 * HOUR
    for number, before in enumerate((MINUTE, 30 * MINUTE)):
        message = {
            "notificationType": "Message",
            "id": f"m{number}",
            "type": "OrderCreated",
            "createdAt": (appended - before) / 1000,
            "order": {"id": f"o{number}", "anonymousId": "v"},
        }
        sources.put(topic, json.dumps(message).encode(), t=appended)
    sources.flush()
    with bridge(sources, TRIGGERS_BRIDGE_START="1d"):
        late = {event["order"]["id"]: now() - event["client_time"] for event in sources.wait(2)}
    assert MINUTE <= late["o0"] < 4 * MINUTE
    assert 30 * MINUTE <= late["o1"] < 34 * MINUTE


def test_records_from_before_the_bridge_are_left_in_the_topic(sources: Sources) -> None:
    topic = sources.add("web", "segment", stamps="CreateTime")
    for number, ago in enumerate((2 * HOUR, HOUR, MINUTE, 0)):
        sources.put(topic, viewed(number, "v"), t=now() - ago, partition=0)
    sources.flush()
    with bridge(sources):
        found = numbers(sources.wait(2))
        sources.put(topic, viewed(9, "v"), partition=0)
        sources.flush()
        assert found + numbers(sources.wait(3))[2:] == [2, 3, 9]


def test_it_continues_where_it_was_stopped(sources: Sources) -> None:
    topic = sources.add("web", "segment")
    for number in range(400):
        sources.put(topic, viewed(number, f"v{number % 7}"))
    sources.flush()
    with bridge(sources) as running:
        sources.wait(1)
        assert running.terminate() == 0
        assert "stopped_early" not in running.process.output()
    for number in range(400, 500):
        sources.put(topic, viewed(number, f"v{number % 7}"))
    sources.flush()
    with bridge(sources) as running:
        events = sources.wait(500)
        until(lambda: running.number("triggers_bridge_lag_records") == 0)
    assert sorted(numbers(events)) == list(range(500))


def test_its_metrics_count_the_outcomes_of_the_records(sources: Sources) -> None:
    topic = sources.add("web", "segment")
    unread = sources.add("quiet", "snowplow")
    with bridge(sources) as running:
        assert running.number("triggers_bridge_records_total", source="quiet") == 0
        assert 'source="quiet"' in running.page("/metrics")[1]
        sources.put(topic, viewed(1, "v"))
        sources.put(topic, json.dumps({"type": "group", "messageId": "g"}).encode())
        sources.put(topic, b"{")
        sources.put(topic, json.dumps(ORDER_OF_NOBODY).encode())
        sources.put(topic, None, b"gone")
        sources.flush()
        until(lambda: running.number("triggers_bridge_records_total") >= 5)
        for outcome, count in (("translated", 1), ("left_out", 3), ("dead_letter", 1)):
            told = running.number("triggers_bridge_records_total", source="web", outcome=outcome)
            assert told == count, outcome
        assert running.number("triggers_bridge_events_total", type="product.viewed") == 1
        assert running.number("triggers_bridge_left_out_total", reason="tombstone") == 1
        assert running.number("triggers_bridge_orders_of_nobody_total", source="web") == 1
        assert running.number("triggers_bridge_dead_letters_total", reason="not_json") == 1
        assert running.number("triggers_bridge_lag_records", source="web") == 0
        assert (running.page("/live")[0], running.page("/ready")[0]) == (200, 200)
    assert unread.endswith("quiet")


def test_a_dead_letter_names_its_record_and_contains_no_address(sources: Sources) -> None:
    topic = sources.add("web", "segment", 1)
    with bridge(sources):
        sources.put(topic, viewed(1, "v"))
        sources.put(topic, b'{"email": "anna@shop.test", "n": 7', b"anna@shop.test")
        sources.flush()
        until(lambda: len(sources.letters()) >= 1)
    [letter] = sources.letters()
    place = {"topic": topic, "partition": "0", "offset": "1", "source": "web"}
    assert letter | place | {"reason": "not_json", "path": "$[0]"} == letter
    assert abs(int(letter["time"]) - now()) < HOUR
    [record] = sources.records("bridge.unreadable")
    assert b"anna" not in (record.value or b"") + (record.key or b"")
    assert b"7" in record.value


ADDRESS = {
    "type": "record",
    "name": "Thing",
    "namespace": "shop",
    "fields": [{"name": "product_id", "type": "string"}, {"name": "price", "type": "double"}],
}
TRACK = {
    "type": "record",
    "name": "Track",
    "fields": [
        *({"name": name, "type": "string"} for name in ("type", "event", "messageId")),
        {"name": "anonymousId", "type": ["null", "string"]},
        {"name": "properties", "type": "shop.Thing"},
        {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


def packed(number: int, visitor: str | None) -> bytes:
    """A `viewed` message in Avro, without a schema prefix."""
    document = {**json.loads(viewed(number, visitor or "")), "anonymousId": visitor, "seen": 0}
    named: dict[str, Any] = {}
    fastavro.parse_schema(ADDRESS, named_schemas=named)
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(TRACK, named_schemas=named), document)
    return stream.getvalue()


@pytest.fixture
def schemas() -> Iterator[RegistryServer]:
    made = RegistryServer()
    yield made
    made.close()


def test_values_with_a_schema_are_read_by_its_number_or_its_guid(
    sources: Sources, schemas: RegistryServer
) -> None:
    schemas.subject("thing", ADDRESS)
    guid = schemas.register(7, TRACK, references=("thing",))
    schemas.register(8, {"type": "object"}, "JSON")
    schemas.register(9, "syntax = 'proto3';", "PROTOBUF")
    topic = sources.add("web", "segment", 1)
    with bridge(sources, TRIGGERS_SCHEMA_REGISTRY=schemas.url) as running:
        sources.put(topic, b"\0\0\0\0\7" + packed(1, "v"))
        sources.put(topic, packed(2, "v"), headers=[("__value_schema_id", b"\1" + guid.bytes)])
        sources.put(topic, b"\0\0\0\0\10" + viewed(3, "v"))
        sources.put(topic, viewed(4, "v"))
        sources.put(
            topic, json.dumps({"schema": {}, "payload": json.loads(viewed(5, "v"))}).encode()
        )
        sources.put(topic, json.dumps(viewed(6, "v").decode()).encode())
        wrong = {
            "not_avro": b"\0\0\0\0\7" + packed(7, "v")[:9],
            "unknown_schema": b"\0\0\0\0\12" + packed(7, "v"),
            "unknown_format": b"\0\0\0\0\11\0abc",
        }
        for value in wrong.values():
            sources.put(topic, value)
        sources.flush()
        until(lambda: running.number("triggers_bridge_records_total") >= 9)
        events = sources.events()
    assert numbers(events) == [1, 2, 3, 4, 5, 6]
    assert [event["product"]["price"] for event in events] == [9.9] * 6
    letters = sources.letters()
    assert [letter["reason"] for letter in letters] == list(wrong)
    assert [letter["size"] for letter in letters] == [str(len(value)) for value in wrong.values()]
    assert {letter["value"] for letter in letters} == {""}
    assert schemas.asked.count("/schemas/ids/7") == 1


def test_while_the_registry_does_not_answer_records_wait(
    sources: Sources, schemas: RegistryServer
) -> None:
    schemas.subject("thing", ADDRESS)
    schemas.register(7, TRACK, references=("thing",))
    schemas.down = True
    topic = sources.add("web", "segment", 1)
    with bridge(sources, TRIGGERS_SCHEMA_REGISTRY=schemas.url) as running:
        sources.put(topic, b"\0\0\0\0\7" + packed(1, "v"))
        sources.put(topic, viewed(2, "v"))
        sources.flush()
        until(lambda: "registry_waits" in running.process.output())
        assert running.number("triggers_bridge_registry_up") == 0
        assert running.page("/ready")[0] == 503
        assert running.page("/live")[0] == 200
        assert sources.events() == []
        schemas.down = False
        assert numbers(sources.wait(2)) == [1, 2]
        until(lambda: running.page("/ready")[0] == 200)
        assert "secret" not in running.process.output()
    assert sources.letters() == []


def test_without_a_registry_a_framed_value_is_a_dead_letter(sources: Sources) -> None:
    topic = sources.add("web", "segment", 1)
    with bridge(sources):
        sources.put(topic, b"\0\0\0\0\7" + packed(1, "v"))
        sources.flush()
        until(lambda: len(sources.letters()) >= 1)
    assert [letter["reason"] for letter in sources.letters()] == ["no_schema_registry"]


def test_a_missing_topic_ends_the_command_with_an_error(sources: Sources) -> None:
    topic = sources.add("web", "segment")
    told = sources.file.read_text()
    sources.file.write_text(told.replace(topic, f"{topic}-gone"))
    with pytest.raises(Exception, match=f"{topic}-gone is missing: source web"), bridge(sources):
        pass


def test_the_services_own_topics_must_exist(broker: str, prefix: str, tmp_path: Path) -> None:
    bare = Sources.__new__(Sources)
    bare.broker, bare.prefix, bare.folder = broker, prefix, tmp_path
    bare.servers, bare.settings = broker.split(","), Settings(prefix=prefix)
    bare.file, bare._given = tmp_path / "sources.yaml", []
    bare.add("web", "segment", 1)
    with pytest.raises(Exception, match=r"storefront\.events is missing: make it"), bridge(bare):
        pass
