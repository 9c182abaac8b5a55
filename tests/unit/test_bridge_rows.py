"""Rows of tables as Debezium writes them: what is translated, and what is history or gone."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from agents.bridge.broker_time import BrokerTime
from agents.bridge.chunks import Cutter, Piece
from agents.bridge.rows import row
from agents.bridge.schema_registry import SchemaRegistry
from stream.connect.source import Source

OUTBOX = {
    "id": "b1f0",
    "aggregatetype": "order",
    "aggregateid": "v-1",
    "type": "order.placed",
    "payload": '{"order":{"id":"o-1","value":"42.70","currency":"EUR"}}',
}
SOURCE = {"connector": "postgresql", "name": "shop", "ts_ms": 1_796_030_940_000, "table": "outbox"}
PLACE = TopicPartition("shop.public.outbox", 0)
T = 1_796_030_941_000


def change(op: str, after: Any = None, before: Any = None) -> dict[str, Any]:
    return {"before": before, "after": after, "source": SOURCE, "op": op, "ts_ms": T}


def bytes_of(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        change("c", OUTBOX),
        change("u", OUTBOX, before={**OUTBOX, "id": "b1ef"}),
        {**OUTBOX, "__op": "c", "__deleted": "false"},
        {**OUTBOX, "__deleted": "false"},
    ],
)
def test_a_change_is_the_row_after_it(document: Any) -> None:
    found = row(bytes_of(document))
    assert (json.loads(found.value), found.reason) == (OUTBOX, None)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (change("r", OUTBOX), "history"),
        ({**OUTBOX, "__op": "r"}, "history"),
        (change("d", before=OUTBOX), "deleted"),
        (change("t"), "deleted"),
        (change("c", after=None), "deleted"),
        ({**OUTBOX, "__op": "d", "__deleted": "true"}, "deleted"),
    ],
)
def test_a_row_of_a_snapshot_and_a_removed_one_are_left_out(document: Any, reason: str) -> None:
    assert row(bytes_of(document)).reason == reason


@pytest.mark.parametrize(
    "value",
    [
        bytes_of(OUTBOX),
        b'{"op": "c", "after": {"id": 1}}',
        b'{"op": "add", "after": {}, "source": {}}',
        b'["op"]',
        b'{"op"',
    ],
)
def test_any_other_value_stays_unchanged(value: bytes) -> None:
    assert row(value) == (value, None)


def carried(*documents: Any) -> Piece:
    """The only piece of what a bridge of an outbox fetched."""

    async def cut() -> list[Piece]:
        shop = Source(name="shop", kind="cloudevents", trust="server")
        cutter = Cutter({PLACE.topic: shop}, SchemaRegistry(None), BrokerTime())
        records = [
            SimpleNamespace(offset=at, timestamp=T, value=bytes_of(each), key=None, headers=())
            for at, each in enumerate(documents)
        ]
        batch = SimpleNamespace(records=records, next=len(records), time=T)
        return [piece async for piece in cutter.pieces({PLACE: [batch]}, {PLACE: 0})]

    (piece,) = asyncio.run(cut())
    return piece


def test_a_bridge_carries_the_outbox_of_a_shop_but_not_its_history() -> None:
    wrapped = {"schema": {"type": "struct"}, "payload": change("c", OUTBOX)}
    piece = carried(change("r", OUTBOX), wrapped, change("d", before=OUTBOX))
    assert [json.loads(each.value) for each in piece.chunk.rows] == [
        {
            "id": "ce:outbox:b1f0",
            "type": "order.placed",
            "visitor": "v-1",
            "order": {"id": "o-1", "value": 42.7, "currency": "EUR"},
        }
    ]
    reasons = [left.reason for _, out in piece.outs for left in out.left_out]
    assert reasons == ["history", "deleted"]


@pytest.mark.parametrize("operation", [b'["c"]', b"{}", b"7", b"null"])
def test_an_operation_that_is_no_text_is_none_of_debeziums(operation: bytes) -> None:
    for value in (
        b'{"op": %s, "after": {}, "source": {}}' % operation,
        b'{"__op": %s, "a": 1}' % operation,
    ):
        assert row(value) == (value, None)


@pytest.mark.parametrize(
    ("column", "read"),
    [(b'"\\ud800"', "?"), (b"NaN", None), (b"7" * 39 + b', "m": NaN', int("7" * 39))],
    ids=["a lone surrogate", "no number", "more than 64 bits"],
)
def test_a_column_that_json_hardly_has_stops_no_bridge(column: bytes, read: object) -> None:
    value = b'{"op": "c", "after": {"id": "b1", "n": %s}, "source": {}}' % column
    found = json.loads(row(value).value, parse_constant=lambda name: None)
    assert (found["id"], found["n"]) == ("b1", read)


def one(value: bytes | None, key: bytes | None = None, **headers: str) -> list[Any]:
    """The events of one record of a bus, and why anything of it was left out."""

    async def cut() -> list[Piece]:
        bus = Source(name="bus", kind="cloudevents", trust="server")
        cutter = Cutter({PLACE.topic: bus}, SchemaRegistry(None), BrokerTime())
        names = [(name, text.encode()) for name, text in headers.items()]
        record = SimpleNamespace(offset=0, timestamp=T, value=value, key=key, headers=names)
        batch = SimpleNamespace(records=[record], next=1, time=T)
        return [piece async for piece in cutter.pieces({PLACE: [batch]}, {PLACE: 0})]

    (piece,) = asyncio.run(cut())
    dead = [dict(each.headers)["reason"].decode() for each in piece.chunk.rows if each.dead]
    events = [json.loads(each.value) for each in piece.chunk.rows if not each.dead]
    return [*events, *dead, *(left.reason for _, out in piece.outs for left in out.left_out)]


@pytest.mark.parametrize(
    "key",
    [b"v-1", b'"v-1"', b'{"schema": {"type": "string", "optional": false}, "payload": "v-1"}'],
)
def test_the_key_of_an_outbox_is_read_as_its_converter_writes_it(key: bytes) -> None:
    (event,) = one(OUTBOX["payload"].encode(), key, id="b1f0", eventType="order.placed")
    assert event["visitor"] == "v-1"


def test_a_key_with_a_schema_needs_a_registry() -> None:
    key = b"\0\0\0\0\5\6v-1"
    assert one(OUTBOX["payload"].encode(), key, id="b", eventType="order.placed") == [
        "no_schema_registry"
    ]
    event = {"id": "1", "source": "s", "type": "checkout.started", "subject": "v"}
    assert one(bytes_of(event), key)[0]["visitor"] == "v", "nothing reads the key"


def test_an_event_may_be_whole_in_its_headers() -> None:
    """A CloudEvent without data has no value. Without headers that is a tombstone."""
    (event,) = one(None, ce_id="1", ce_source="s", ce_type="checkout.started", CE_SUBJECT="v")
    assert (event["type"], event["visitor"]) == ("checkout.started", "v")
    assert one(None, b"v", id="b1f0") == ["tombstone"]


@pytest.mark.parametrize("value", [b"null", b' {"schema": null, "payload": null}'])
def test_a_value_that_is_null_is_a_tombstone(value: bytes) -> None:
    assert one(value) == ["tombstone"]


def test_headers_of_a_record_are_texts_as_they_are() -> None:
    """HTTP's headers alone have percent signs before what is not ASCII."""
    (event,) = one(b"{}", ce_id="1", ce_source="s", ce_type="checkout.started", ce_subject="50%25")
    assert event["visitor"] == "50%25"
