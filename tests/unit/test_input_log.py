"""A worker's log of its input: a line for each sort of fault, by type, without any content."""

import logging

import msgspec
import pytest

from agents.runtime.sparse_log import SparseLog
from agents.worker.input_log import InputLog
from stream import recipes_file
from stream.outputs.outputs import Outputs
from stream.stages.visitors import Visitors

T = 1_767_571_200_000


def taken(*values: bytes) -> Outputs:
    out = Outputs()
    rows = [(offset, T, b"v-1", value) for offset, value in enumerate(values)]
    Visitors(recipes_file.DEFAULT).process(rows, out)
    return out


def event(type: str, **more: object) -> bytes:
    return msgspec.json.encode({"id": "e", "type": type, "visitor": "v-1", **more})


def said(caplog: pytest.LogCaptureFixture, *values: bytes) -> list[str]:
    InputLog(3).report(taken(*values))
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            event("order.cancelled", order={"secret": "Miller"}),
            "rejected partition=3 type=order.cancelled reason=missing path=$.order.id records=1",
        ),
        (
            event("order.placed", order={"id": "o-1"})[:-1],
            "rejected partition=3 type=order.placed reason=not_json path=$ records=1",
        ),
        (b"\xff", "rejected partition=3 type=other reason=not_json path=$ records=1"),
        (
            event("order.completed"),
            "unknown_type partition=3 meant=order.placed such_as=order.completed records=1",
        ),
        (
            event("my own one"),
            "unknown_type partition=3 meant=other such_as=my_own_one records=1",
        ),
        (
            event("order.placed", order={"value": "4,245.42"}),
            "left_out partition=3 type=order.placed path=$.order.value records=1",
        ),
    ],
)
def test_a_fault_is_logged_by_the_type_of_its_record(
    caplog: pytest.LogCaptureFixture, value: bytes, line: str
) -> None:
    assert said(caplog, value) == [line]


def test_an_event_that_is_well_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, event("order.placed")) == []


def test_endless_different_names_cause_one_line(caplog: pytest.LogCaptureFixture) -> None:
    values = [event(f"made.up{n}x", id=f"e{n}") for n in range(50)]
    log = InputLog(0)
    for value in values:
        log.report(taken(value))
    assert len(caplog.records) == 1


def test_a_repeated_message_is_logged_at_intervals_with_its_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    log = SparseLog(logging.getLogger("triggers.test"), 60.0, lambda: now[0])
    for seconds in (0, 1, 59, 60, 61):
        now[0] = seconds
        log.tell("rejected", 2, type="order.placed")
    log.tell("rejected", 2, type="page.viewed")
    assert [record.getMessage() for record in caplog.records] == [
        "rejected type=order.placed events=2",
        "rejected type=order.placed events=6",
        "rejected type=page.viewed events=2",
    ]
