"""`contact` of an event becomes keys. Neither Kafka nor the kept refused events contain addresses."""

import json
from typing import Any

import pytest

from agents.collector.addresses import KnownSender, cleaned
from agents.collector.validation import Judged, judge
from agents.connect.contacts import key, keyed

PEPPER = b"p" * 32
KNOWN = KnownSender(True, keyed(PEPPER))
EMAIL, PHONE = key(PEPPER, "anna@shop.de"), key(PEPPER, "+4930901820")


def event(**more: Any) -> dict[str, Any]:
    return {"id": "1", "type": "order.placed", **more}


def posted(*events: Any, sender: KnownSender = KNOWN) -> Judged:
    return judge(json.dumps(events).encode(), sender)


def values(judged: Judged) -> list[Any]:
    return [json.loads(each.value) for each in judged.taken]


def warned(judged: Judged) -> list[tuple[str, str]]:
    return [(note.reason, note.path) for _, note in judged.left_out]


def test_a_contact_becomes_keys_however_it_is_written() -> None:
    given = {"email": " Anna@Shop.de", "phone": "+49 (30) 901820"}
    judged = posted(event(contact=given))
    assert values(judged) == [event(keys={"email": EMAIL, "phone": PHONE})]
    assert judged.taken[0].visitor == f"~email:{EMAIL}"
    assert judged.left_out == []


def test_a_name_that_is_written_with_escapes_is_found() -> None:
    body = (
        b'{"id":"1","type":"order.placed","visitor":"v","\\u0063ontact":{"email":"anna@shop.de"}}'
    )
    (taken,) = judge(body, KNOWN).taken
    assert json.loads(taken.value)["keys"] == {"email": EMAIL}


def test_keys_that_an_event_gives_itself_count_before_its_contact() -> None:
    own = "h" * 43
    judged = posted(
        event(visitor="v", keys={"email": own, "cart": "c"}, contact={"email": "anna@shop.de"})
    )
    assert values(judged) == [event(visitor="v", keys={"email": own, "cart": "c"})]


@pytest.mark.parametrize(
    ("contact", "warning"),
    [
        ("anna@shop.de", ("wrong_type", "$.contact")),
        ({"email": ["anna@shop.de"]}, ("wrong_type", "$.contact.email")),
        ({"email": "anna at shop.de"}, ("no_address", "$.contact.email")),
        ({"email": "test@shop.de"}, ("no_address", "$.contact.email")),
        ({"phone": "030 901820"}, ("no_address", "$.contact.phone")),
    ],
)
def test_an_invalid_contact_is_left_out_and_reported(
    contact: Any, warning: tuple[str, str]
) -> None:
    judged = posted(event(visitor="v", contact=contact))
    assert values(judged) == [event(visitor="v")]
    assert warned(judged) == [warning]


def test_without_a_pepper_a_contact_is_left_out_and_the_setting_is_named() -> None:
    judged = posted(event(visitor="v", contact={"email": "anna@shop.de"}), sender=KnownSender())
    assert values(judged) == [event(visitor="v")]
    (note,) = [note for _, note in judged.left_out]
    assert (note.reason, note.path) == ("no_pepper", "$.contact.email")
    assert "TRIGGERS_IDENTITY_PEPPER" in note.expected


def test_a_sender_without_the_key_may_give_no_contact() -> None:
    judged = posted(
        {"id": "1", "type": "page.viewed", "visitor": "v", "contact": {"email": "anna@shop.de"}},
        sender=KnownSender(False, keyed(PEPPER)),
    )
    assert values(judged) == [{"id": "1", "type": "page.viewed", "visitor": "v"}]
    assert warned(judged) == [("needs_key", "$.contact")]


def test_a_raw_address_among_the_keys_does_not_reach_the_log() -> None:
    judged = posted(
        event(visitor="v", keys={"email": "anna@shop.de", "cart": "c", "mail": "anna@shop.de"}),
        event(visitor="v", keys="anna@shop.de"),
        event(visitor="~email:anna@shop.de", customer="4711"),
    )
    assert values(judged) == [
        event(visitor="v", keys={"cart": "c"}),
        event(visitor="v"),
        event(customer="4711"),
    ]
    assert warned(judged) == [
        ("out_of_range", "$.keys.email"),
        ("wrong_type", "$.keys"),
        ("names_nobody", "$.visitor"),
    ]


def test_a_kept_refused_event_contains_no_address() -> None:
    judged = posted(
        event(contact={"email": "test@shop.de", "phone": "030 901820"}),
        event(id="", visitor="v", note="write to anna@shop.de", billing={"name": "Anna"}),
        {"id": "1", "type": "order.placed", "keys": {"phone": "+4930901820"}},
    )
    assert judged.taken == []
    kept = b"".join(each.value for each in judged.refused)
    for secret in (b"shop.de", b"901820", b"Anna"):
        assert secret not in kept


def test_an_event_without_any_of_this_keeps_its_bytes() -> None:
    body = b'{ "id":"1","type":"page.viewed","visitor":"v", "contacts":[1e400], "note":"a@b.de" }'
    assert judge(body, KNOWN).taken[0].value == body


def test_a_number_that_json_cannot_write_becomes_null() -> None:
    body = b'{"id":"1","type":"order.placed","visitor":"v","contact":{},"order":{"value":1e999}}'
    (taken,) = judge(body, KNOWN).taken
    assert json.loads(taken.value)["order"] == {"value": None}


def test_what_is_no_event_keeps_its_bytes() -> None:
    for body in (b'{"contact"', b'["contact"]', b'"contact"', b'{"contact": \xff}'):
        assert cleaned(body, KNOWN) == (body, [])


def test_infinite_numbers_in_a_cleaned_event_become_null() -> None:
    body = b'{"id":"1","contact":{},"a":[1e999,1.5,{"b":-1e999}],"t":true}'
    value, notes = cleaned(body, KNOWN)
    assert json.loads(value) == {"id": "1", "a": [None, 1.5, {"b": None}], "t": True}
    assert notes == []


@pytest.mark.parametrize(
    ("visitor", "known", "stays"),
    [
        ("~cart:7", False, True),
        ("~checkout:7", False, True),
        ("~customer:7", False, False),
        (f"~email:{EMAIL}", False, False),
        (f"~phone:{PHONE}", False, False),
        ("~customer:7", True, True),
        (f"~email:{EMAIL}", True, True),
    ],
)
def test_only_a_known_sender_may_name_a_person_as_a_visitor(
    visitor: str, known: bool, stays: bool
) -> None:
    given = json.dumps(event(visitor=visitor, order={"id": "o"})).encode()
    found, notes = cleaned(given, KnownSender(known))
    assert ("visitor" in json.loads(found)) is stays
    assert [(note.reason, note.path) for note in notes] == [("needs_key", "$.visitor")] * (
        not stays
    )
