"""A worker judges a record as a backtest judges the exported line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.explain.decision_sources import Files
from agents.replay.event_file import whole
from agents.replay.exported import LogRecord, exported, timed
from agents.replay.span import OffsetSpan, bound, offsets
from stream.backtest import envelope, records
from stream.events.decoding import LARGEST, LARGEST_CART, Rejected, parse
from tests.integration.test_live import NO_EVENTS

T = 1_767_225_600_000


def event(**more: object) -> bytes:
    exported_line = {"id": "e1", "type": "activity.pinged", "visitor": "v", **more}
    return json.dumps(exported_line).encode()


def line_of(value: bytes | None, key: bytes | None = b"v") -> bytes:
    found = exported(LogRecord(T, 3, 77, key, value))
    assert found is not None
    return found.line


def test_a_line_is_the_value_with_its_time() -> None:
    assert line_of(event()) == event()[:-1] + b',"t":%d}' % T


def test_a_time_that_the_value_gives_is_replaced() -> None:
    found = line_of(event(t=5))
    assert json.loads(found) == json.loads(event(t=T))
    assert found.count(b'"t"') == 1
    assert line_of(event(t=T)) == event(t=T)


def test_a_t_inside_the_event_stays() -> None:
    value = event(page={"t": 7})
    assert json.loads(line_of(value)) == {**json.loads(value), "t": T}


def test_a_number_stays_as_it_was_written() -> None:
    value = event(t=5)[:-1] + b',"x":1e400,"y":0.10,"z":%s}' % (b"9" * 300)
    assert b'"x":1e400,"y":0.10,"z":999' in line_of(value)


def test_a_value_of_many_lines_becomes_one() -> None:
    value = json.dumps(json.loads(event()), indent=2).encode()
    found = line_of(b"\n " + value + b"\r\n")
    assert b"\n" not in found
    assert b"\r" not in found
    assert json.loads(found) == {**json.loads(value), "t": T}


def test_a_record_that_advances_time_is_not_a_line() -> None:
    assert exported(LogRecord(T, 0, 0, None, b'{"type":"clock.advanced"}')) is None


@pytest.mark.parametrize(("key", "value", "reason", "path"), NO_EVENTS)
def test_a_rejected_record_becomes_a_line_that_a_backtest_rejects(
    key: bytes | None, value: bytes | None, reason: str, path: str
) -> None:
    found = exported(LogRecord(T, 3, 77, key, value))
    assert found is not None
    assert found.event is None
    assert b"\n" not in found.line
    known = envelope(found.line)
    assert known is not None
    assert known.t == T
    with pytest.raises(Rejected) as again:
        parse(found.line)
    exported_line = json.loads(found.line)
    if "offset" in exported_line:
        assert exported_line == {
            "t": T,
            "rejected": reason,
            "path": path,
            "partition": 3,
            "offset": 77,
        }
    else:
        assert (again.value.reason, again.value.path) == (reason, path)


def test_a_value_that_is_rejected_as_an_object_keeps_its_bytes() -> None:
    assert line_of(b'{"id":"1","type":"page.viewed"}') == (
        b'{"id":"1","type":"page.viewed","t":%d}' % T
    )


def test_a_line_that_the_time_makes_too_large_loses_its_white_space() -> None:
    value = event(spaced=[1] * 30, text="")
    value = value.replace(b'"text": ""', b'"text": "%s"' % (b"x" * (LARGEST - len(value))))
    parse(value)
    found = line_of(value)
    assert len(found) <= LARGEST
    assert json.loads(found) == {**json.loads(value), "t": T}


def test_a_line_without_room_for_its_time_is_reported() -> None:
    value = event(text="").replace(b": ", b":").replace(b", ", b",")
    value = value.replace(b'"text":""', b'"text":"%s"' % (b"x" * (LARGEST - len(value))))
    parse(value)
    assert json.loads(line_of(value))["rejected"] == "too_large"


def test_a_large_cart_has_the_room_of_a_cart() -> None:
    value = event(type="cart.updated", cart={"items": []}, text="x" * (LARGEST + 9))
    assert len(line_of(value)) < LARGEST_CART
    assert json.loads(line_of(value)) == {**json.loads(value), "t": T}


texts = st.text(alphabet='t"\\{}é\ud800', max_size=3)
plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = plain | st.lists(plain, max_size=2) | st.dictionaries(texts, plain, max_size=2)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["t", "id", "type", "visitor", "é", "\ud800"]), values))
def test_the_time_is_kept_beside_any_other_field(members: dict[str, object]) -> None:
    made = timed(json.dumps(members).encode(), T)
    found = envelope(made)
    assert found is not None
    assert found.t == T
    assert json.loads(made) == {**members, "t": T}
    ((_, time, _, _),) = records([made])
    assert time == T


NOW = datetime(2026, 11, 29, 14, 30, tzinfo=UTC)
DAY = 86_400_000
MIDNIGHT = 1_795_910_400_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-29", MIDNIGHT),
        ("2026-11-29T00:00", MIDNIGHT),
        ("2026-11-29T01:00+01:00", MIDNIGHT),
        ("2026-11-29T00:00:00.001Z", MIDNIGHT + 1),
        ("today", MIDNIGHT),
        ("Yesterday", MIDNIGHT - DAY),
        ("36h", MIDNIGHT - 36 * 3_600_000 + 14 * 3_600_000 + 30 * 60_000),
        (str(MIDNIGHT), MIDNIGHT),
        ("0:12,2:5", {0: 12, 2: 5}),
    ],
)
def test_a_bound_is_a_time_or_offsets(text: str, expected: object) -> None:
    assert bound(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "tomorrow", "2026", "2026-13-01", "0:1,0:2", "0:", "-5h"])
def test_an_unreadable_bound_is_reported(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|twice"):
        bound(text, NOW)


def test_offsets_are_printed_in_the_form_of_the_option() -> None:
    spans = {1: OffsetSpan(3, 9), 0: OffsetSpan(0, 4)}
    assert bound(offsets(spans, end=True), NOW) == {0: 4, 1: 9}
    assert bound(offsets(spans, end=False), NOW) == {0: 0, 1: 3}


def test_a_story_can_be_read_from_a_compressed_file(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    with whole(file) as written:
        written.write(line_of(event()) + b"\n" + line_of(b"{") + b"\n")
    assert Files(tmp_path, file).all_events == [json.loads(line_of(event()))]


def test_an_unfinished_file_does_not_exist(tmp_path: Path) -> None:
    def write() -> None:
        with whole(tmp_path / "events.jsonl") as written:
            written.write(b"half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write()
    assert list(tmp_path.iterdir()) == []
