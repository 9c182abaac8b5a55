"""Records that are triggers, and the fields that a sender reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.sender.message import NotATrigger, read

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
ID = "0d59b6674d5c6c8a1e8fd0dc4b947adc"


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / name).read_bytes())
    return found


FIRED = example("trigger.fired/valid/cart.json")


def test_a_trigger_has_its_id_and_its_times() -> None:
    body = json.dumps(FIRED).encode()
    found = read(body)
    assert (found.id, found.trigger_id, found.cancels) == (ID, ID, False)
    assert (found.at, found.until) == (1_767_229_200_000, 1_767_315_600_000)
    assert found.body is body


def test_a_cancel_has_its_own_id_and_ends_with_its_trigger() -> None:
    found = read(json.dumps(example("trigger.cancelled/valid/ordered.json")).encode())
    assert (found.id, found.trigger_id, found.cancels) == (f"{ID}/cancelled", ID, True)
    assert (found.at, found.until) == (1_767_230_000_000, None)


def test_unknown_fields_are_ignored() -> None:
    later = FIRED | {"traceparent": "00", "data": FIRED["data"] | {"colour": "red"}}
    assert read(json.dumps(later).encode()).id == ID


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"type":"storefront.trigger.fired.v1","data":' + b"[" * 100_000,
        b'{"type":"storefront.trigger.moved.v1","data":{}}',
        b'{"type":7,"data":{}}',
        b'{"type":"storefront.trigger.fired.v1"}',
    ],
)
def test_a_record_that_no_worker_writes_is_not_a_trigger(value: bytes | None) -> None:
    with pytest.raises(NotATrigger):
        read(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trigger_id", ID + "\n"),
        ("trigger_id", "a\r\nset-cookie: b".ljust(32, "0")),
        ("trigger_id", ID.upper()),
        ("trigger_id", ID[1:]),
        ("trigger_id", None),
        ("not_before", "soon"),
        ("not_before", -1),
        ("valid_until", 10**16),
        ("valid_until", int("9" * 4000)),
        ("valid_until", 1.5),
    ],
)
def test_a_trigger_with_a_wrong_field_is_none(field: str, value: object) -> None:
    forged = FIRED | {"data": FIRED["data"] | {field: value}}
    with pytest.raises(NotATrigger):
        read(json.dumps(forged).encode())
