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
