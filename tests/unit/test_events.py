"""Decoding of bytes into an event: rejected events, and parts that are left out."""

import json
from typing import Any

import pytest

from stream import limits
from stream.events import decoding
from stream.events.decoding import DEEPEST, LARGEST, Rejected
from stream.events.types import CartUpdated, CategoryViewed, Event, ProductViewed


def event(type: str = "page.viewed", **body: Any) -> bytes:
    return json.dumps({"id": "e", "type": type, "visitor": "v", **body}).encode()


def reason(value: bytes | None) -> str | None:
    try:
        decoding.decode(value)
    except Rejected as fault:
        return fault.reason
    return None


def test_an_event_of_64_kib_is_read_and_a_larger_one_is_not() -> None:
    room = LARGEST - len(event(x=""))
    assert reason(event(x="y" * room)) is None
    assert reason(event(x="y" * (room + 1))) == "too_large"


@pytest.mark.parametrize("open_", ["[", '{"a":'])
def test_nesting_has_a_fixed_depth_that_is_read(open_: str) -> None:
    close = {"[": "]", '{"a":': "}"}[open_]

    def nested(depth: int) -> bytes:
        return event(x=0).replace(b"0", (open_ * depth + "1" + close * depth).encode())

    assert reason(nested(DEEPEST - 1)) is None
    assert reason(nested(DEEPEST)) == "too_deep"


def test_brackets_beside_each_other_are_no_nesting() -> None:
    """More brackets than levels: these are counted one by one."""
    beside: list[list[int]] = [[]] * DEEPEST
    deep = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert reason(event(x=beside)) is None
    assert reason(event(x=beside, y=0).replace(b'"y": 0', b'"y": %s' % deep.encode())) is None
    deeper = f"[{deep}]".encode()
    assert reason(event(x=beside, y=0).replace(b'"y": 0', b'"y": ' + deeper)) == "too_deep"


def test_brackets_in_texts_are_no_nesting() -> None:
    assert reason(event(x='\\"[{' * DEEPEST)) is None


def test_a_record_that_advances_time_is_not_an_event() -> None:
    assert decoding.decode(b'{"type":"clock.advanced"}') is None


def test_an_event_of_an_unknown_type_keeps_its_envelope() -> None:
    found = decoding.decode(event("wishlist.added", wish=1))
    assert type(found) is Event
    assert (found.id, found.visitor) == ("e", "v")


def test_a_text_too_long_to_keep_is_left_out_of_the_event() -> None:
    longest = "x" * limits.LONGEST_TEXT
    found = decoding.decode(event("product.viewed", product={"id": "p", "name": longest + "x"}))
    assert isinstance(found, ProductViewed)
    assert not found.product.name
    items = [{"product_id": "p", "quantity": 1, "url": longest, "image": longest + "x"}]
    whole = decoding.decode(event("cart.updated", cart={"items": items}))
    assert isinstance(whole, CartUpdated)
    assert (whole.cart.items[0].url, bool(whole.cart.items[0].image)) == (longest, False)


def test_a_text_too_long_is_left_out_of_a_slowly_read_event_too() -> None:
    """The fast path does not read 1.0 as 1."""
    item = {"product_id": "p", "quantity": 1.0, "name": "x" * (limits.LONGEST_TEXT + 1)}
    found = decoding.decode(event("cart.updated", cart={"items": [item]}))
    assert isinstance(found, CartUpdated)
    assert not found.cart.items[0].name


@pytest.mark.parametrize("category", ["x" * 60_000, 10**3_000])
def test_a_category_may_have_any_length(category: str | int) -> None:
    viewed = decoding.decode(event("category.viewed", category=category))
    assert isinstance(viewed, CategoryViewed)
    assert viewed.category == str(category)
    item = {"product_id": "p", "quantity": 1, "category": category}
    whole = decoding.decode(event("cart.updated", cart={"items": [item]}))
    assert isinstance(whole, CartUpdated)
    assert whole.cart.items[0].category == str(category)


def test_a_clock_record_has_no_faults() -> None:
    assert decoding.faults(b'{"type": "clock.advanced", "visitor": 5}') == ()
