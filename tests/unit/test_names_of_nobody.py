"""Names of nobody, and the names used instead."""

import json
from collections.abc import Sequence

import pytest

from schemas import names_nobody
from stream.events.decoding import Rejected, parse

ZEROS = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "name",
    ["", " \u2003NULL\n", "0", "-1", "n/a", "(not set)", "Not_Authenticated", ZEROS, "0" * 32,
     "[object HTMLElement]", "user-{{id}}", "${id}", "%%ID%%", "/users/undefined", "a/null",
     "event:null", "EVENT: guest"],
)  # fmt: skip
def test_each_placeholder_is_a_name_of_nobody(name: str) -> None:
    assert names_nobody(name)


@pytest.mark.parametrize(
    "name", ["00", "null2", "anna", "7", "undefined/x", "$id", "event:7", "{id}"]
)
def test_a_valid_name_names_a_person(name: str) -> None:
    assert not names_nobody(name)


def test_a_visitor_of_nobody_is_dropped_if_the_event_has_another_owner() -> None:
    event = parse(b'{"id":"e","type":"checkout.started","visitor":"null","customer":"c"}')
    assert event is not None
    assert event.visitor == "~customer:c"
    assert [fault.path for fault in event.faults] == ["$.visitor"]


def test_a_visitor_of_nobody_without_another_owner_is_invalid() -> None:
    with pytest.raises(Rejected, match=r"names_nobody at \$\.visitor"):
        parse(b'{"id":"e","type":"checkout.started","visitor":"null"}')


KEYS = ("cart", "checkout", "email", "phone")
HASHES = {"email": "a" * 64, "phone": "b" * 64}


@pytest.mark.parametrize("keys", [*([each] for each in KEYS), KEYS])
def test_an_event_whose_keys_all_name_somebody_is_decoded_fast(keys: Sequence[str]) -> None:
    given = {"cart": "k", "checkout": "c", **HASHES}
    event = {"id": "e", "type": "page.viewed", "visitor": "v"}
    found = parse(json.dumps({**event, "keys": {key: given[key] for key in keys}}).encode())
    assert found is not None
    assert found.aside is None


@pytest.mark.parametrize("key", KEYS)
def test_each_key_of_nobody_is_left_out(key: str) -> None:
    keys = {"cart": "k", "checkout": "c", **HASHES, key: "null"}
    found = parse(
        json.dumps({"id": "e", "type": "page.viewed", "visitor": "v", "keys": keys}).encode()
    )
    assert found is not None
    assert [fault.path for fault in found.faults] == [f"$.keys.{key}"]
