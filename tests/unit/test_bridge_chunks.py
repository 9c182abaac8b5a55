"""Fetched records in chunks: in order, from the committed offsets, and small enough to be repeated."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import pytest
from aiokafka.structs import TopicPartition

from agents.bridge.broker_time import BrokerTime, own_ms
from agents.bridge.chunks import MOST, OF_A_VISITOR, Cutter, Piece
from agents.bridge.schema_registry import SchemaRegistry
from agents.kafka.decompression import OVERSIZED
from stream.connect.source import Source
from stream.state.visitor import KEPT_IDS

A, B = TopicPartition("a", 0), TopicPartition("b", 3)
SOURCES = {name: Source(name=name, kind="segment") for name in ("a", "b")}
T = 1_767_571_200_000


class Raw(NamedTuple):
    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Batch(NamedTuple):
    records: Sequence[Raw]
    next: int
    time: int | None = None


def message(name: object, visitor: str) -> bytes:
    given = {"type": "track", "event": "Product Viewed", "messageId": f"m{name}"}
    return json.dumps(
        given | {"anonymousId": visitor, "properties": {"product_id": f"{name}"}}
    ).encode()


def cut(
    fetched: dict[TopicPartition, list[Batch]], stands: dict[TopicPartition, int] | None = None
) -> list[Piece]:
    async def all_pieces() -> list[Piece]:
        cutter = Cutter(SOURCES, SchemaRegistry(None), BrokerTime())
        begin = stands or dict.fromkeys(fetched, 0)
        return [piece async for piece in cutter.pieces(fetched, begin)]

    return asyncio.run(all_pieces())


def products(pieces: Sequence[Piece]) -> list[str]:
    values: list[dict[str, Any]] = [
        json.loads(row.value) for piece in pieces for row in piece.chunk.rows
    ]
    return [value["product"]["id"] for value in values]


def batch(first: int, visitors: Sequence[str], time: int | None = T) -> Batch:
    rows = [Raw(first + n, T + n, message(first + n, who)) for n, who in enumerate(visitors)]
    return Batch(rows, first + len(visitors), time)


def test_a_position_inside_a_batch_skips_the_records_before_it() -> None:
    pieces = cut({A: [batch(0, ["v"] * 5)]}, {A: 3})
    assert products(pieces) == ["3", "4"]


def test_records_of_all_partitions_go_by_their_time() -> None:
    early = Batch([Raw(7, T + 1, message("b7", "v")), Raw(8, T + 9, message("b8", "v"))], 9)
    late = Batch([Raw(2, T + 4, message("a2", "v")), Raw(3, T + 2, message("a3", "v"))], 4)
    assert products(cut({A: [late], B: [early]})) == ["b7", "a2", "a3", "b8"]


def test_a_piece_has_no_more_records_than_may_come_again() -> None:
    pieces = cut({A: [batch(0, [f"v{n}" for n in range(MOST + 1)])]})
    assert [len(piece.chunk.rows) for piece in pieces] == [MOST, 1]
    assert [piece.chunk.next for piece in pieces] == [{A: MOST}, {A: MOST + 1}]


def test_a_piece_has_no_more_of_a_visitor_than_its_state_remembers() -> None:
    pieces = cut({A: [batch(0, ["v"] * (OF_A_VISITOR + 1))], B: [batch(0, ["w"])]})
    assert [len(piece.chunk.rows) for piece in pieces] == [OF_A_VISITOR, 2]
    assert [piece.chunk.next for piece in pieces] == [
        {A: OF_A_VISITOR},
        {A: OF_A_VISITOR + 1, B: 1},
    ]


def test_the_events_of_a_piece_that_comes_again_are_all_remembered() -> None:
    pieces = cut({A: [batch(0, ["v"] * 1_000)]})
    assert max(len(piece.chunk.rows) for piece in pieces) <= KEPT_IDS


def test_the_offset_passes_markers_of_transactions() -> None:
    assert [piece.chunk for piece in cut({A: [Batch([], 12)]})] == [([], {A: 12})]


def test_an_empty_fetch_makes_no_chunk() -> None:
    assert cut({}) == []


def test_a_packed_batch_and_a_tombstone_are_distinguished() -> None:
    [piece] = cut({A: [Batch([Raw(0, T, OVERSIZED), Raw(1, T, None)], 2, T)]})
    [row] = piece.chunk.rows
    assert row.dead
    assert ("reason", b"too_large") in row.headers
    assert ("size", b"%d" % len(OVERSIZED)) in row.headers
    assert [out.left_out[0].reason for _, out in piece.outs if out.left_out] == ["tombstone"]


def test_the_time_is_the_brokers_as_soon_as_it_is_known() -> None:
    time = BrokerTime()
    own = own_ms()
    assert abs(time.now() - own) < 5_000
    time.saw(own + 600_000)
    assert time.now() >= own + 600_000
    time.acknowledged(own - 600_000, sent=own)
    assert abs(time.now() - (own - 600_000)) < 5_000
    time.saw(own)
    assert time.now() < own - 500_000, "what a source says counts no more"
    time.acknowledged(own_ms() + 900_000, sent=own_ms())
    assert abs(time.now() - own - 900_000) < 5_000
    time.acknowledged(own_ms(), sent=own_ms() - 3)
    assert abs(time.now() - own_ms()) < 5_000


class Registry:
    """Knows the schema 7 already, and fetches 8. `answer`: what a reader of either returns."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def known(self, address: str) -> Any:
        return self._read if address == "ids/7" else None

    async def reader(self, address: str) -> Any:
        self.asked.append(address)
        return self._read

    def _read(self, payload: bytes) -> Any:
        assert payload == b"payload"
        return self.answer


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize(("number", "asked"), [(7, []), (8, ["ids/8"])])
def test_a_value_with_a_schema_is_decoded(number: int, asked: list[str], as_bytes: bool) -> None:
    value = message("x", "v")
    registry = Registry(value if as_bytes else json.loads(value))

    async def cut_all() -> list[Piece]:
        cutter = Cutter(SOURCES, cast(Any, registry), BrokerTime())
        framed = bytes([0, 0, 0, 0, number]) + b"payload"
        fetched = {A: [Batch([Raw(0, T, framed)], 1, T)]}
        return [piece async for piece in cutter.pieces(fetched, {A: 0})]

    assert products(asyncio.run(cut_all())) == ["x"]
    assert registry.asked == asked


def test_a_value_whose_schema_is_unknown_becomes_a_dead_letter_without_its_bytes() -> None:
    [piece] = cut({A: [Batch([Raw(0, T, bytes(5) + b"anna@shop.test")], 1, T)]})
    [row] = piece.chunk.rows
    assert (row.dead, row.value) == (True, b"")
    assert ("reason", b"no_schema_registry") in row.headers
    assert ("path", b"$") in row.headers


def test_a_row_that_was_there_before_is_left_out() -> None:
    change = {"before": None, "after": {"a": 1}, "op": "r", "source": {}}
    [piece] = cut({A: [Batch([Raw(0, T, json.dumps(change).encode())], 1, T)]})
    assert piece.chunk.rows == []
    assert [out.left_out[0].reason for _, out in piece.outs] == ["history"]
