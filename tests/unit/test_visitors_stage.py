"""The visitors stage: the outcome of each record, and of repeated records."""

import json
from typing import Any

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.events.records import Record
from stream.outputs.outputs import Outputs
from stream.stages.backend import PURE, VisitorBackend, best_backend
from stream.stages.record_outcomes import OUTCOMES
from stream.stages.visitors import Visitors

T = 1_767_571_200_000


def record(offset: int, time: int = T, type: str = "product.viewed", **fields: Any) -> Record:
    body = {"product.viewed": {"product": {"id": "a"}}}.get(type, {})
    event = {"id": f"e{offset}", "type": type, "visitor": "v", **body, **fields}
    return offset, time, b"v", json.dumps(event).encode()


def stage() -> Visitors:
    return Visitors(recipes_file.DEFAULT)


def outcome(of: Visitors, each: Record) -> str:
    out = Outputs()
    of.process([each], out)
    (found,) = [count[1] for count in out.counts if count[0] == "events"]
    assert found in OUTCOMES
    return found


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (record(1), "applied"),
        (record(1, id="e0"), "duplicate"),
        (record(1, client_time=T - 5 * MINUTE), "applied"),
        (record(1, client_time=T - 5 * MINUTE - 1), "late"),
        (record(1, type="wishlist.added"), "unknown"),
        ((1, T, b"", b'{"type":"clock.advanced"}'), "clock"),
        ((1, T, b"v", b"not json"), "rejected"),
        ((1, T, b"other", record(1)[3]), "rejected"),
        ((1, T, None, record(1)[3]), "rejected"),
        ((1, T, b"v", None), "rejected"),
    ],
)
def test_every_record_has_one_outcome(each: Record, expected: str) -> None:
    made = stage()
    made.process([record(0)], Outputs())
    assert outcome(made, each) == expected


def test_a_rejected_record_has_its_reason_its_place_and_its_offset() -> None:
    out = Outputs()
    stage().process([(7, T, None, record(7)[3]), (8, T, b"x", record(8)[3])], out)
    assert out.rejected == [(7, "no_key", "$.visitor"), (8, "key_differs", "$.visitor")]


def test_a_part_that_is_left_out_is_reported_by_type_and_path() -> None:
    made, out = stage(), Outputs()
    made.process([record(3, customer="guest", client_time="soon")], out)
    paths = ["$.customer", "$.client_time"]
    assert [(at, kind, fault.path) for at, kind, fault in out.reported] == [
        (3, "product.viewed", path) for path in paths
    ]
    assert [out.counts["reported", "product.viewed", path] for path in paths] == [1, 1]


def test_a_page_of_a_pseudo_visitor_is_ignored() -> None:
    offset, time, _, value = record(1, visitor="~cart:7")
    assert outcome(stage(), (offset, time, b"~cart:7", value)) == "ignored"


@pytest.mark.parametrize("make", [PURE, None])
def test_an_order_that_is_stamped_before_evidence_still_counts(make: VisitorBackend | None) -> None:
    """A broker's clock may be behind by more than the margin. The people stage applies no fact before its watermark."""
    made, out = Visitors(recipes_file.DEFAULT, make), Outputs()
    made.process([record(0)], Outputs())
    made.advance(T + MINUTE, Outputs())
    order = record(1, T + 1, "order.placed", order={"id": "o1"})
    made.process([order, record(2, T + 2 * MINUTE)], out)
    (placed,) = [json.loads(fact) for _, fact in out.facts if b"order.placed" in fact]
    assert placed["at"] == T + MINUTE == made.clock - MINUTE


def test_records_before_the_position_are_skipped() -> None:
    made, out = stage(), Outputs()
    made.process([record(4)], Outputs())
    made.process([record(3), record(4)], out)
    assert out.counts == {}
    assert made.position == 5


def test_time_never_moves_back() -> None:
    made, out = stage(), Outputs()
    made.process([record(0, T + 4 * MINUTE), record(1, T, type="activity.pinged")], out)
    assert made.clock == T + 4 * MINUTE
    made.advance(T + 9 * MINUTE - 1, out)
    made.advance(T, out)
    assert out.facts == []
    made.advance(T + 9 * MINUTE, out)
    assert len(out.facts) == 1


def test_deadlines_of_other_visitors_fire_by_the_end_of_the_batch() -> None:
    made, out = stage(), Outputs()
    clock = b'{"type":"clock.advanced"}'
    made.process([record(0), (1, T + DAY, b"", clock)], out)
    assert [json.loads(value)["at"] for _, value in out.facts] == [T + 5 * MINUTE]


def test_the_clock_is_there_once_all_that_is_due_has_fired() -> None:
    """They fire a few at a time, in the same order as all at once. Events that come meanwhile are applied."""
    records = [visit(offset, f"v{offset}") for offset in range(100)]
    whole, all_facts = stage(), Outputs()
    whole.process(records, all_facts)
    whole.advance(T + DAY, all_facts)
    made, out = stage(), Outputs()
    made.most = 7
    made.process(records, out)
    made.advance(T + DAY, out)
    assert (len(out.facts), made.clock, made.owes) == (7, T, True)
    made.process([visit(100, "v99", T + DAY)], out)
    assert made.clock == T
    while made.owes:
        before = len(out.facts)
        made.catch_up(out)
        assert len(out.facts) - before <= 7
    assert made.clock == T + DAY
    rest = [fact for fact in out.facts if fact[0] != "visitor:v99"]
    assert rest == [fact for fact in all_facts.facts if fact[0] != "visitor:v99"]


def test_an_earlier_time_does_not_undo_due_deadlines() -> None:
    """The brokers' clock may show an earlier time while deadlines of a later one have not fired yet."""
    made, out = stage(), Outputs()
    made.most = 7
    made.process([visit(offset, f"v{offset}") for offset in range(20)], out)
    made.advance(T + DAY, out)
    assert made.owes
    made.advance(T + HOUR, out)
    while made.owes:
        made.catch_up(out)
    assert (made.clock, len(out.facts)) == (T + DAY, 20)


def test_a_crash_between_two_stretches_leaves_the_rest_to_be_fired() -> None:
    """The input may have ended in between, so that no later time comes."""
    records = [visit(offset, f"v{offset}") for offset in range(100)]
    made, out = stage(), Outputs()
    made.most = 60
    made.process(records, out)
    made.advance(T + DAY, out)
    new = again(made)
    assert (new.clock, new.owes) == (T, True)
    new.catch_up(out)
    assert (new.clock, len(out.facts), len(set(out.facts))) == (T + DAY, 100, 100)


def visit(offset: int, visitor: str, time: int = T) -> Record:
    _, _, _, value = record(offset, visitor=visitor)
    return offset, time, visitor.encode(), value


def test_the_next_deadline_is_known() -> None:
    made = stage()
    assert made.next_deadline is None
    made.process([record(0)], Outputs())
    assert made.next_deadline == T + 5 * MINUTE


def again(made: Visitors, keep: int | None = None) -> Visitors:
    """A new owner, restored from the first `keep` records of a checkpoint."""
    new = stage()
    new.restore(made.changes()[:keep])
    new.restored()
    return new


def test_an_applied_record_is_skipped_the_second_time() -> None:
    """The state was written, but not the clock record after it."""
    made = stage()
    made.process([record(0)], Outputs())
    new = again(made, 1)
    assert (new.position, new.keys) == (0, 1)
    assert outcome(new, record(0)) == "replayed"


@pytest.mark.parametrize("make", [PURE, best_backend()], ids=["python", "fastest"])
def test_a_record_before_the_position_is_passed_over(make: VisitorBackend) -> None:
    made, out = Visitors(recipes_file.DEFAULT, make), Outputs()
    made.process([record(0), record(1)], Outputs())
    made.process([record(0), record(1), record(2)], out)
    outcomes = {count[1]: number for count, number in out.counts.items() if count[0] == "events"}
    assert (outcomes, made.position) == ({"applied": 1}, 3)


def test_a_stage_knows_whether_it_has_written_anything() -> None:
    made = stage()
    made.process([record(0)], Outputs())
    assert not made.written
    assert again(made).written
    assert made.written


def test_a_repeated_record_of_a_forgotten_visitor_is_skipped() -> None:
    made = stage()
    made.process([record(0)], Outputs())
    made.advance(T + 30 * DAY, Outputs())
    new = again(made, 1)
    assert outcome(new, record(0)) == "replayed"
    assert outcome(new, record(1, T + 31 * DAY)) == "applied"


def test_a_deleted_key_gets_its_tombstone_once_the_commit_has_passed_it() -> None:
    made = stage()
    made.process([record(0)], Outputs())
    made.advance(T + 30 * DAY, Outputs())
    made.changes()
    made.committed(0)
    assert made.keys == 1
    made.committed(1)
    assert (made.keys, made.size) == (0, 0)
    assert made.changes()[0] == (b"v", None)


def test_a_new_owner_continues_from_the_clock_with_armed_deadlines() -> None:
    made = stage()
    made.process([record(0)], Outputs())
    new, out = again(made), Outputs()
    assert (new.position, new.clock) == (1, T)
    new.advance(T + 5 * MINUTE, out)
    assert len(out.facts) == 1


def test_time_that_moved_is_written_even_when_no_state_changed() -> None:
    made = stage()
    made.process([record(0)], Outputs())
    made.changes()
    assert made.changes() == []
    made.process([(1, T + MINUTE, b"", b'{"type":"clock.advanced"}')], Outputs())
    assert [key for key, _ in made.changes()] == [b""]


@pytest.mark.parametrize("backend", [PURE, best_backend()], ids=["python", "best"])
def test_outputs_are_counted_by_outcome_and_type(backend: VisitorBackend) -> None:
    out = Outputs()
    unknown = record(5, type="wishlist.added")
    given = [record(0), record(1), record(2, id="e0"), (3, T, b"v", b"{"), record(4), unknown]
    Visitors(recipes_file.DEFAULT, backend).process(given, out)
    assert {name: n for name, n in out.counts.items() if name[0] in ("events", "types")} == {
        ("events", "applied"): 3,
        ("types", "applied", "product.viewed"): 3,
        ("events", "duplicate"): 1,
        ("types", "duplicate", "product.viewed"): 1,
        ("events", "rejected"): 1,
        ("types", "rejected", ""): 1,
        ("events", "unknown"): 1,
        ("types", "unknown", ""): 1,
    }
    assert out.counts["unknown", "wishlist.added"] == 1


@pytest.mark.parametrize("backend", [PURE, best_backend()], ids=["python", "best"])
def test_the_twenty_products_viewed_last_are_kept(backend: VisitorBackend) -> None:
    of, out = Visitors(recipes_file.DEFAULT, backend), Outputs()
    each = [record(n, T + n, product={"id": f"p{n}"}) for n in range(22)]
    of.process(each, out)
    of.advance(T + DAY, out)
    (idle,) = [
        fact for _, value in out.facts if (fact := json.loads(value))["type"] == "visitor.idle"
    ]
    assert [view[0] for view in idle["summary"]["views"]] == [f"p{n}" for n in range(2, 22)]
