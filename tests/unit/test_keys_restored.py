"""The keys stage behind a watermark: watermark records, copies, crashes."""

import json
from typing import Any

import pytest
from msgspec import structs

from stream import limits
from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.stages.keys import Keys
from stream.stages.watermark import watermark_record
from stream.state import claims, facts
from stream.state.claims import AnyClaim, Bound, OrderClaim
from stream.state.facts import WatermarkRecord
from stream.state.whole_order import OrderLine, WholeOrder, size

CART, ANNA, TILL = "cart:k1", "customer:anna", "visitor:~cart:k1"


def bound(at: int, n: int = 0, visitor: str = "v", person: str = ANNA) -> Bound:
    return Bound(at=at, visitor=visitor, n=n, key=CART, person=person)


def order(at: int, n: int = 0, visitor: str = "v") -> OrderClaim:
    return OrderClaim(at=at, visitor=visitor, n=n, key=CART, person=TILL, order_id=f"o{at}-{n}")


def taken(keys: Keys, offset: int, *records: AnyClaim | WatermarkRecord) -> Outputs:
    out = Outputs()
    keys.add(enumerate(map(claims.encode, records), offset))
    keys.advance(out)
    return out


def test_a_claim_waits_for_every_input_partition() -> None:
    keys = Keys(2)
    first = taken(keys, 0, bound(100), order(100, 1), WatermarkRecord(2, {0: 500}))
    assert first.facts == []
    assert keys.committable == 0
    assert len(taken(keys, 3, WatermarkRecord(2, {1: 101})).facts) == 1
    assert (keys.advanced, keys.committable) == (101, 4)


def test_a_watermark_record_of_the_keys_stage_moves_no_key() -> None:
    keys = Keys(1)
    keys.add([(0, watermark_record({0: 500}, 1, "keys"))])
    keys.advance(Outputs())
    assert keys.advanced == -1


def test_claims_of_one_time_go_by_visitor_and_number() -> None:
    records: list[Any] = [order(100, 1, "w"), bound(100, 2, "v"), WatermarkRecord(1, {0: 200})]
    (fact,) = map(json.loads, [value for _, value in taken(Keys(1), 0, *records).facts])
    assert fact["type"] == "order.placed"


def test_a_copy_of_a_claim_counts_once() -> None:
    out = taken(Keys(1), 0, bound(1), order(2, 1), order(2, 1), WatermarkRecord(1, {0: 9}))
    assert (out.counts["claims", "applied"], out.counts["claims", "copy"]) == (2, 1)


def again(keys: Keys, keep: int | None = None) -> Keys:
    new = Keys(1)
    new.restore(keys.changes()[:keep])
    new.restored()
    return new


def test_a_new_owner_continues_where_the_state_is() -> None:
    keys = Keys(1)
    records: list[Any] = [bound(1), order(2, 1), WatermarkRecord(1, {0: 9})]
    taken(keys, 0, *records)
    new = again(keys, 1)
    assert taken(new, 0, *records).facts == []
    (fact,) = map(
        json.loads, [v for _, v in taken(new, 3, order(9, 2), WatermarkRecord(1, {0: 99})).facts]
    )
    assert fact["n"] == 1


def test_the_time_reached_comes_back_with_the_state() -> None:
    keys = Keys(1)
    taken(keys, 0, bound(1), WatermarkRecord(1, {0: 9}))
    new = again(keys)
    assert (new.advanced, new.clock, new.keys, new.written) == (9, 9, 1, True)
    assert new.next_deadline is not None


def test_a_forgotten_key_does_not_come_back_by_a_copy() -> None:
    keys = Keys(1)
    taken(keys, 0, bound(1), WatermarkRecord(1, {0: 40 * DAY}))
    new = again(keys, 1)
    assert (
        taken(new, 0, bound(1), WatermarkRecord(1, {0: 40 * DAY})).counts["claims", "applied"] == 0
    )
    new.changes()
    new.committed(2)
    assert new.changes()[0] == (CART.encode(), None)


def test_a_claim_that_was_read_already_and_a_tombstone_do_nothing() -> None:
    keys, told = Keys(1), claims.encode(bound(5))
    keys.add([(3, told)])
    keys.add([(2, claims.encode(bound(6, person="customer:bert"))), (3, told), (9, None)])
    assert keys.position == 4
    assert taken(keys, 4, order(7), WatermarkRecord(1, {0: 8})).counts


def test_an_old_order_hands_over_no_lines_if_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [OrderLine("lamp", "", 1.0)]
    monkeypatch.setattr(limits, "LARGEST_ORDERED", size(lines))
    older, newer = (structs.replace(order(at), whole=WholeOrder(lines=lines)) for at in (1, 2))
    out = taken(Keys(1), 0, older, newer, bound(3), WatermarkRecord(1, {0: 4}))
    (_, told), *none = out.facts
    assert not none
    handed = facts.decode(told).orders
    assert [(each.id, len(each.whole.lines)) for each in handed] == [("o1-0", 0), ("o2-0", 1)]
