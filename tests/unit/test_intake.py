"""What is taken of a post, and what is said against the rest."""

import json
from typing import Any

import pytest

import schemas
from agents.collector.validation import LARGEST, MOST, Fault, Faulty, take, unsure
from schemas.files import HOME
from stream.events import decoding
from stream.events.decoding import DEEPEST
from stream.events.decoding import LARGEST as LARGEST_EVENT


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "activity.pinged", "visitor": "v-1", **more}


def faults(body: bytes) -> list[tuple[int | None, str, str]]:
    with pytest.raises(Faulty) as caught:
        take(body)
    return [(each.index, each.reason, each.path) for each in caught.value.faults]


def examples(folder: str) -> list[bytes]:
    return [
        file.read_bytes().strip()
        for file in sorted(HOME.glob(f"examples/events/*/{folder}/*.json"))
    ]


def test_a_single_event_is_taken_with_its_own_bytes() -> None:
    body = b' \n{ "id":"e-1", "type":"activity.pinged","visitor" : "v-1", "x": 1.0 }\n'
    (taken,) = take(body)
    assert taken == ("e-1", "v-1", body, None)


def test_a_batch_is_taken_in_its_order_each_event_with_its_own_bytes() -> None:
    parts = [json.dumps(event(n), indent=n).encode() for n in range(5)]
    taken = take(b" [" + b" ,\n".join(parts) + b"]")
    assert [each.value for each in taken] == parts
    assert [each.id for each in taken] == [f"e-{n}" for n in range(5)]


def test_every_valid_example_of_the_schemas_is_taken_alone_and_in_a_batch() -> None:
    found = examples("valid")
    assert len(found) >= len(schemas.names("events"))
    assert [take(body)[0].value for body in found] == found
    assert len(take(b"[" + b",".join(found) + b"]")) == len(found)


def test_every_invalid_example_is_refused_with_its_first_fault() -> None:
    """Unless the fault costs a part alone."""
    found = [json.dumps(json.loads(body)["document"]).encode() for body in examples("invalid")]
    found = [body for body in found if any(f.essential for f in decoding.faults(body))]
    first = [next(f for f in decoding.faults(body) if f.essential) for body in found]
    expected = [(fault.reason, fault.path) for fault in first]
    batch = faults(b"[" + b",".join(found) + b"]")
    for index, (body, fault) in enumerate(zip(found, expected, strict=True)):
        assert faults(body) == [(None, *fault)]
        assert batch[index] == (index, *fault)


def test_of_a_batch_with_faults_each_is_named_by_index_and_path_and_nothing_is_taken() -> None:
    batch = [
        event(0),
        event(1, visitor="undefined"),
        {"id": "e-2", "type": "cart.item_added", "visitor": "v", "item": {"quantity": 1}},
        event(3),
        "no event",
        None,
    ]
    assert faults(json.dumps(batch).encode()) == [
        (1, "names_nobody", "$.visitor"),
        (2, "missing", "$.item.product_id"),
        (4, "not_an_object", "$"),
        (5, "not_an_object", "$"),
    ]


def test_an_event_of_an_unknown_type_is_taken_and_left_to_the_worker() -> None:
    assert take(json.dumps(event(type="coupon.applied")).encode())[0].id == "e-1"


def test_time_is_not_moved_by_a_storefront() -> None:
    clock = b'{"type":"clock.advanced"}'
    assert faults(clock) == [(None, "not_in_list", "$.type")]
    assert faults(b"[" + clock + b"]") == [(0, "not_in_list", "$.type")]


def test_a_batch_has_up_to_so_many_events() -> None:
    assert len(take(json.dumps([event(n) for n in range(MOST)]).encode())) == MOST
    assert faults(json.dumps([event(n) for n in range(MOST + 1)]).encode()) == [
        (None, "too_many", "$")
    ]
    assert faults(b"[]") == [(None, "empty", "$")]


def test_an_event_has_up_to_64_kib() -> None:
    fitting = LARGEST_EVENT - len(json.dumps(event(x="")).encode())
    assert take(json.dumps(event(x="x" * fitting)).encode())
    large = json.dumps(event(x="x" * (fitting + 1))).encode()
    assert faults(large) == [(None, "too_large", "$")]
    assert faults(b"[" + large + b"]") == [(0, "too_large", "$")]


def test_who_somebody_is_what_they_bought_and_what_they_consent_to_is_not_for_any_browser_to_say() -> (
    None
):
    said = [
        event(0),
        event(1, customer="c-1"),
        event(2, type="order.placed", order={"id": "o-1"}),
        event(3, type="consent.changed", channels=["email"], granted=True),
        event(4, type="visitor.identified", customer="c-1"),
        event(5, type="exit.signal", signal="back"),
    ]
    assert unsure(take(json.dumps(said).encode())) == [
        Fault(1, "needs_key", "$.customer"),
        Fault(2, "needs_key", "$.type"),
        Fault(3, "needs_key", "$.type"),
        Fault(4, "needs_key", "$.type"),
    ]


POISON = {
    "nothing": b"",
    "spaces": b" \n",
    "null": b"null",
    "a number": b"7",
    "a text": b'"text"',
    "cut short": b'{"id":"e-1"',
    "a batch cut short": b'[{"id":"e-1"}',
    "something behind": b'{"id":"e-1"}{"id":"e-2"}',
    "something behind a batch": b'[{"id":"e-1"}]]',
    "2,000 brackets": b"[" * 2_000 + b"]" * 2_000,
    "a million brackets": b"[" * LARGEST,
    "brackets inside a batch": b"[" + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]",
    "an integer of 5,000 digits": b'{"id":' + b"9" * 5_000 + b"}",
    "NaN": b'{"id":NaN}',
    "Infinity": b"[Infinity]",
    "1e999": b'{"id":1e999}',
    "UTF-16": json.dumps(event()).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(event()).encode(),
    "Latin-1": json.dumps(event(x="ü"), ensure_ascii=False).encode("latin-1"),
    "Latin-1 in a batch": json.dumps([event(x="ü")], ensure_ascii=False).encode("latin-1"),
    "megabytes of text": b'"' + b"x" * LARGEST + b'"',
    "NUL": b"\0",
    "a script": b"<script>alert(1)</script>",
    "a reference": b'{"$ref":"http://127.0.0.1/schema.json"}',
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON.keys())
def test_poison_is_refused_with_a_reason_and_nothing_else(body: bytes) -> None:
    for index, reason, path in faults(body):
        assert index in {None, 0}
        assert reason.isidentifier()
        assert path.startswith("$")


def test_too_deep_a_nesting_inside_an_event_of_a_batch_is_that_events_fault() -> None:
    deep = "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
    batch = f"[{json.dumps(event())},{json.dumps(event(2))[:-1]},{chr(34)}x{chr(34)}:{deep}}}]"
    assert faults(batch.encode()) == [(1, "too_deep", "$")]


def test_a_fault_never_quotes_what_was_posted() -> None:
    secret = "canary@example.com"
    body = json.dumps([{secret: secret, "id": secret, "type": secret, "visitor": 7.5}]).encode()
    with pytest.raises(Faulty) as caught:
        take(body)
    assert caught.value.faults == [Fault(0, "wrong_type", "$.visitor")]
    assert secret not in str(caught.value)
