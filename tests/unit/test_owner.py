"""The owner of an event, and its keys of identity."""

import json
from typing import Any

import pytest

from stream.events.decoding import Rejected, parse
from stream.events.owner import keys_of, visitor_of
from stream.events.types import Event

H = "9f86d081884c7d659a2feaa0c55ad015"


def event(type: str = "order.placed", **body: Any) -> Event:
    found = parse(json.dumps({"id": "e", "type": type, **body}).encode())
    assert found is not None
    return found


EVERY = {"cart": "k", "checkout": "h", "email": H, "phone": H}


@pytest.mark.parametrize(
    ("body", "owner"),
    [
        ({"visitor": "v", "keys": EVERY}, "v"),
        ({"visitor": 7}, "7"),
        ({"keys": EVERY, "order": {"cart_id": "o"}}, "~cart:k"),
        ({"order": {"cart_id": "o"}, "customer": "c", "keys": {"checkout": "h"}}, "~cart:o"),
        ({"customer": "c", "keys": {"checkout": "h"}}, "~checkout:h"),
        ({"customer": "c", "keys": {"email": H}}, "~customer:c"),
        ({"keys": {"email": H, "phone": H}}, f"~email:{H}"),
        ({"visitor": "x" * 129, "customer": "c"}, "~customer:c"),
        ({"visitor": "~cart:7"}, "~cart:7"),
        ({"visitor": "~other:7", "customer": "c"}, "~customer:c"),
        ({"visitor": "~email:anna@shop.example", "customer": "c"}, "~customer:c"),
        ({"customer": "c" * 128}, "~customer:" + "c" * 128),
    ],
)
def test_an_event_is_its_visitors_or_its_strongest_keys(body: dict[str, Any], owner: str) -> None:
    assert visitor_of(event(**body)) == owner


def test_an_event_with_only_a_cart_id_belongs_to_that_cart() -> None:
    assert event("cart.updated", cart={"items": [], "id": 7}).visitor == "~cart:7"


@pytest.mark.parametrize("body", [{}, {"keys": {"email": "a@b.example"}}, {"visitor": "~x"}])
def test_an_event_without_any_owner_is_invalid(body: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match=r"\$\.visitor"):
        event(**body)


@pytest.mark.parametrize(
    ("type", "body", "keys"),
    [
        ("order.placed", {"visitor": "v", "keys": {"email": H, "cart": "k"}}, ["cart:k", f"email:{H}"]),
        ("order.placed", {"order": {"cart_id": "k"}}, []),
        ("order.placed", {"visitor": "~cart:k"}, ["cart:k"]),
        ("order.placed", {"visitor": "~checkout:h", "keys": {"cart": "k"}}, ["checkout:h", "cart:k"]),
        ("order.placed", {"visitor": "~customer:c"}, []),
        ("cart.updated", {"visitor": "v", "cart": {"items": [], "id": "k"}}, ["cart:k"]),
    ],
)  # fmt: skip
def test_the_keys_of_an_event_keep_their_order(
    type: str, body: dict[str, Any], keys: list[str]
) -> None:
    assert keys_of(event(type, **body)) == keys
