"""Which events of a post are taken, and what is wrong with the others."""

import json
from typing import Any

import pytest

import schemas
from agents.collector.addresses import ANYBODY, KnownSender
from agents.collector.documents import LARGEST, MOST
from agents.collector.notes import Note, Unreadable
from agents.collector.validation import Judged, judge
from schemas.files import HOME
from stream.events import decoding
from stream.events.decoding import DEEPEST
from stream.events.decoding import LARGEST as LARGEST_EVENT

STRANGER = KnownSender(known=False)


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "activity.pinged", "visitor": "v-1", **more}


def posted(*events: Any, sender: KnownSender = ANYBODY) -> Judged:
    return judge(json.dumps(events).encode(), sender)


def notes_of(notes: Any) -> list[tuple[int | None, str, str]]:
    return [(note.index, note.reason, note.path) for note in notes]


def warnings(judged: Judged) -> list[tuple[int | None, str, str]]:
    return notes_of(note for _, note in judged.left_out)


def unreadable(body: bytes) -> Note:
    with pytest.raises(Unreadable) as caught:
        judge(body)
    return caught.value.note


def examples(folder: str) -> list[bytes]:
    return [
        file.read_bytes().strip()
        for file in sorted(HOME.glob(f"examples/events/*/{folder}/*.json"))
    ]


def test_a_single_event_is_taken_with_its_own_bytes() -> None:
    body = b' \n{ "id":"e-1", "type":"activity.pinged","visitor" : "v-1", "x": 1.0 }\n'
    (taken,) = judge(body).taken
    assert taken == ("e-1", "v-1", body, "activity.pinged")


def test_a_batch_is_taken_in_its_order_each_event_with_its_own_bytes() -> None:
    parts = [json.dumps(event(n), indent=n).encode() for n in range(5)]
    taken = judge(b" [" + b" ,\n".join(parts) + b"]").taken
    assert [each.value for each in taken] == parts
    assert [each.id for each in taken] == [f"e-{n}" for n in range(5)]


def test_every_valid_example_of_the_schemas_is_taken_alone_and_in_a_batch() -> None:
    found = examples("valid")
    assert len(found) >= len(schemas.names("events"))
    assert [judge(body).taken[0].value for body in found] == found
    assert len(judge(b"[" + b",".join(found) + b"]").taken) == len(found)


def reason(body: bytes) -> tuple[str, str] | None:
    """What a worker has against it."""
    try:
        decoding.parse(body)
    except decoding.Rejected as error:
        return error.reason, error.path
    return None


def test_an_event_is_taken_exactly_if_a_worker_takes_it() -> None:
    for body in examples("invalid"):
        refused = [(each.reason, each.path) for each in judge(body).refused]
        assert refused == [why for why in [reason(body)] if why]


def test_a_faulty_event_is_refused_alone_with_all_its_faults() -> None:
    judged = posted(
        event(0),
        event(1, visitor="undefined"),
        {"type": 7, "visitor": "v"},
        event(3),
        "no event",
        None,
    )
    assert [each.id for each in judged.taken] == ["e-0", "e-3"]
    assert notes_of(judged.faults) == [
        (1, "names_nobody", "$.visitor"),
        (2, "missing", "$.id"),
        (2, "wrong_type", "$.type"),
        (4, "not_an_object", "$"),
        (5, "not_an_object", "$"),
    ]
    assert [(each.type, each.reason) for each in judged.refused] == [
        ("activity.pinged", "names_nobody"),
        ("other", "missing"),
        ("other", "not_an_object"),
        ("other", "not_an_object"),
    ]


def test_a_fault_says_what_was_expected_and_what_came() -> None:
    judged = posted(event(1, id=None), {"id": "2", "type": "category.viewed", "visitor": "v"})
    assert [(note.expected, note.got) for note in judged.faults] == [
        ("an id of 1 to 128 characters", "null"),
        ("text or an integer", "nothing"),
    ]


def test_a_part_that_is_wrong_costs_the_part_and_is_a_warning() -> None:
    item = {"product_id": "p", "quantity": "many", "price": None}
    judged = posted(event(1, type="cart.item_added", item=item, client_time="now"))
    assert len(judged.taken) == 1
    assert judged.faults == []
    assert warnings(judged) == [
        (0, "wrong_type", "$.client_time"),
        (0, "wrong_type", "$.item.quantity"),
        (0, "wrong_type", "$.item.price"),
    ]


def test_the_same_warning_for_many_items_is_given_once() -> None:
    items = [{"product_id": "p", "price": "dear"}] * 300
    judged = posted(event(1, type="cart.updated", cart={"items": items}))
    assert warnings(judged) == [(0, "wrong_type", "$.cart.items[].price")]


def test_an_unknown_type_is_taken_with_the_nearest_type_as_a_hint() -> None:
    judged = posted(event(1, type="add_to_cart"), event(2, type="coupon.applied"))
    assert [each.type for each in judged.taken] == ["other", "other"]
    assert warnings(judged) == [(0, "unknown_type", "$.type"), (1, "unknown_type", "$.type")]
    assert [note.meant for _, note in judged.left_out] == ["cart.item_added", None]


def test_an_event_without_a_visitor_has_its_pseudo_visitor_as_its_key() -> None:
    judged = posted(
        {"id": "1", "type": "order.placed", "order": {"id": "o", "cart_id": "c-7"}},
        {"id": "2", "type": "order.cancelled", "order": {"id": "o"}, "customer": 4711},
        {"id": "3", "type": "cart.updated", "cart": {"id": "c-8", "items": []}},
        {"id": "4", "type": "checkout.started", "visitor": "null", "keys": {"checkout": "k-1"}},
    )
    assert [each.visitor for each in judged.taken] == [
        "~cart:c-7",
        "~customer:4711",
        "~cart:c-8",
        "~checkout:k-1",
    ]


def test_time_is_not_moved_by_a_storefront() -> None:
    clock = {"type": "clock.advanced"}
    assert notes_of(posted(clock, event(1)).faults) == [(0, "not_in_list", "$.type")]


def test_a_batch_has_a_largest_number_of_events() -> None:
    assert len(posted(*(event(n) for n in range(MOST))).taken) == MOST
    note = unreadable(json.dumps([event(n) for n in range(MOST + 1)]).encode())
    assert (note.reason, note.expected, note.got) == ("too_many", "up to 500 events", "501 events")


def test_an_event_has_up_to_64_kib() -> None:
    fitting = LARGEST_EVENT - len(json.dumps(event(x="")).encode())
    assert posted(event(x="x" * fitting)).taken
    large = posted(event(x="x" * (fitting + 1)), event(2))
    assert notes_of(large.faults) == [(0, "too_large", "$")]
    assert len(large.taken) == 1


def test_an_unknown_sender_may_send_behaviour_but_no_identity() -> None:
    judged = posted(
        event(0, customer="c-1"),
        event(1, customer=None),
        event(2, keys={"cart": "c-7", "email": "h" * 43}),
        event(3, type="exit.signal", signal="back"),
        sender=STRANGER,
    )
    assert [json.loads(each.value) for each in judged.taken] == [
        event(0),
        event(1, customer=None),
        event(2, keys={"cart": "c-7"}),
        event(3, type="exit.signal", signal="back"),
    ]
    assert warnings(judged) == [(0, "needs_key", "$.customer"), (2, "needs_key", "$.keys.email")]


def test_an_unknown_sender_may_not_send_orders_consents_or_foreign_carts() -> None:
    judged = posted(
        event(0, type="order.placed", order={"id": "o-1"}),
        event(1, type="order.cancelled", order={"id": "o-1"}),
        event(2, type="consent.changed", channels=["email"], granted=True),
        event(3, type="visitor.identified", customer="c-1"),
        event(4, visitor="~customer:c-1"),
        {"id": "5", "type": "cart.updated", "customer": "c-1", "cart": {"items": []}},
        sender=STRANGER,
    )
    assert judged.taken == []
    assert {each.reason for each in judged.refused} == {"needs_key"}


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
    try:
        judged = judge(body)
    except Unreadable as fault:
        notes = [fault.note]
    else:
        assert judged.taken == []
        notes = judged.faults
    assert notes
    for note in notes:
        assert note.index in {None, 0}
        assert note.reason.isidentifier()
        assert note.path.startswith("$")


def test_a_strange_but_readable_event_is_taken() -> None:
    endless = json.dumps(event(client_time=0)).replace(": 0", ": 1e999").encode()
    surrogate = json.dumps(event(query="x")).replace('"x"', '"\\ud800"').encode()
    for body in (endless, surrogate, b"[" + endless + b"," + surrogate + b"]"):
        assert judge(body).refused == []


def test_too_deep_a_nesting_inside_an_event_of_a_batch_is_that_events_fault() -> None:
    deep = "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
    batch = f"[{json.dumps(event())},{json.dumps(event(2))[:-1]},{chr(34)}x{chr(34)}:{deep}}}]"
    judged = judge(batch.encode())
    assert notes_of(judged.faults) == [(1, "too_deep", "$")]
    assert len(judged.taken) == 1


def test_neither_a_fault_nor_a_warning_quotes_what_was_posted() -> None:
    secret = "canary@shop.de"
    faulty = {secret: secret, "id": secret, "type": secret, "visitor": [secret]}
    judged = posted(faulty, event(1, type=secret, customer=[secret]))
    assert notes_of(judged.faults) == [(0, "wrong_type", "$.visitor")]
    assert secret not in repr(judged.faults) + repr(judged.left_out)
    assert all(secret.encode() not in each.value for each in judged.refused)
