"""A fault in an optional part of an event leaves out that part, not the event."""

import json
from typing import Any

import msgspec
import pytest

from stream.events import decoding
from stream.events.decoding import LARGEST_CART, Rejected
from stream.events.nearest import nearest, shown
from stream.events.types import CartUpdated, ConsentChanged, OrderPlaced, VisitorIdentified

H = "9f86d081884c7d659a2feaa0c55ad015"


def given(type: str, **body: Any) -> bytes:
    return json.dumps({"id": "e", "type": type, "visitor": "v", **body}).encode()


def read(type: str, **body: Any) -> Any:
    return decoding.parse(given(type, **body))


def paths(event: Any) -> list[str]:
    return [fault.path for fault in event.faults]


def reason(value: bytes) -> str | None:
    try:
        decoding.parse(value)
    except Rejected as fault:
        return f"{fault.reason} {fault.path} {fault.type}"
    return None


@pytest.mark.parametrize(
    ("id", "expected"), [(7, "7"), (5.0, "5"), (10**40, "1" + "0" * 40), (-3, "-3"), (1e3, "1000")]
)
def test_an_integer_is_read_as_its_digits(id: Any, expected: str) -> None:
    assert read("product.viewed", product={"id": id}).product.id == expected


@pytest.mark.parametrize("id", [1.5, True, None, [], {}, "", "x" * 129, 10**128, 1e16])
def test_this_is_no_id(id: Any) -> None:
    assert (reason(given("product.viewed", product={"id": id})) or "").endswith(
        "$.product.id product.viewed"
    )


@pytest.mark.parametrize(("price", "expected"), [("12.50", 12.5), ("-1", -1.0), (3, 3.0)])
def test_a_number_may_be_text(price: Any, expected: float) -> None:
    event = read("product.viewed", product={"id": "p", "price": price})
    assert (event.product.price, paths(event)) == (expected, [])


@pytest.mark.parametrize(
    "price", ["1,50", " 1", "1e3", "+1", ".5", "1.", "\u0661", 1e16, None, True]
)
def test_this_is_no_number(price: Any) -> None:
    event = read("product.viewed", product={"id": "p", "price": price})
    assert (event.product.price, paths(event)) == (msgspec.UNSET, ["$.product.price"])


def test_a_time_before_the_year_2000_is_left_out() -> None:
    event = read("page.viewed", client_time=946_684_799_999)
    assert (event.client_time, paths(event)) == (msgspec.UNSET, ["$.client_time"])


def test_a_lone_surrogate_is_read_as_a_replacement_character() -> None:
    event = decoding.parse(given("search.performed", query="x").replace(b'"x"', b'"\\ud800x"'))
    assert event is not None
    assert event.query == "\ufffdx"  # type: ignore[attr-defined]


def test_an_item_without_a_readable_product_is_left_out_of_a_whole_cart() -> None:
    event = read("cart.updated", cart={"items": [{"product_id": None}, 5, {"product_id": "p"}]})
    assert isinstance(event, CartUpdated)
    assert [item.product_id for item in event.cart.items] == ["p"]
    assert paths(event) == ["$.cart.items[].product_id", "$.cart.items[]"]


def test_an_unreadable_quantity_counts_1() -> None:
    event = read("cart.item_added", item={"product_id": "p", "quantity": "many"})
    assert (event.item.quantity, paths(event)) == (1, ["$.item.quantity"])


def test_an_unreadable_quantity_of_a_removal_means_all() -> None:
    event = read("cart.item_removed", item={"product_id": "p", "quantity": None})
    assert event.item.quantity is msgspec.UNSET


def test_an_order_without_an_id_has_that_of_its_event() -> None:
    bodies: tuple[Any, ...] = ({}, {"order": None}, {"order": {"id": {}}})
    for body in bodies:
        event = read("order.placed", **body)
        assert isinstance(event, OrderPlaced)
        assert event.order.id == "event:e"


ALL = ["email", "sms", "push", "messenger", "onsite"]


@pytest.mark.parametrize(
    ("channels", "granted", "expected"),
    [("all", True, ALL), ([], False, ALL), (["fax", "sms", 5], True, ["sms"]), ([5], False, ALL)],
)
def test_channels_are_read(channels: Any, granted: bool, expected: list[str]) -> None:
    event = read("consent.changed", channels=channels, granted=granted)
    assert isinstance(event, ConsentChanged)
    assert event.channels == expected


@pytest.mark.parametrize(("channels", "granted"), [([], True), (["fax"], False), ("sms", True)])
def test_a_consent_for_no_channel_is_invalid(channels: Any, granted: bool) -> None:
    assert "$.channels" in (
        reason(given("consent.changed", channels=channels, granted=granted)) or ""
    )


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [([], []), (["email", "fax"], ["email"]), (["fax"], msgspec.UNSET), (None, msgspec.UNSET)],
)
def test_contacts_are_read(contacts: Any, expected: Any) -> None:
    event = read("visitor.identified", customer="c", contacts=contacts)
    assert isinstance(event, VisitorIdentified)
    assert event.contacts == expected


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"customer": None}, True),
        ({"keys": {"email": H}}, True),
        ({"visitor": f"~phone:{H}"}, True),
        ({"keys": {"cart": "k"}}, False),
        ({"keys": {"email": "anna@shop.example"}}, False),
        ({"customer": "guest"}, False),
        ({}, False),
    ],
)
def test_an_identity_event_must_name_its_customer(body: dict[str, Any], valid: bool) -> None:
    assert (reason(given("visitor.identified", **body)) is None) is valid


def test_all_faults_of_an_event_are_reported() -> None:
    value = given("cart.updated", id=None, customer=1.5, cart={"items": 5, "version": "x"})
    found = decoding.faults(value)
    assert [(fault.path, fault.got, fault.essential) for fault in found] == [
        ("$.id", "null", True),
        ("$.customer", "number", False),
        ("$.cart.items", "number", True),
        ("$.cart.version", "text", False),
    ]


def test_a_cart_may_have_256_kib() -> None:
    room = LARGEST_CART - len(given("cart.updated", cart={"items": []}, x=""))
    assert reason(given("cart.updated", cart={"items": []}, x="y" * room)) is None
    assert (
        reason(given("cart.updated", cart={"items": []}, x="y" * (room + 1))) == "too_large $ None"
    )
    assert reason(given("page.viewed", x="y" * room)) == "too_large $ page.viewed"


def test_a_field_that_the_reading_uses_itself_is_an_unknown_one() -> None:
    event = read("page.viewed", **{"~": {"faults": 5}})
    assert event.faults == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("order.completed", "order.placed"),
        ("page_viewed", "page.viewed"),
        ("cart_article_removed", "cart.item_removed"),
        ("wishlist.added", None),
    ],
)
def test_the_nearest_type_is_reported(name: str, meant: str | None) -> None:
    assert nearest(name) == meant


def test_a_type_that_is_not_a_plain_name_is_counted_as_other() -> None:
    assert [shown("a.b"), shown("<a>"), shown("x" * 65)] == ["a.b", "other", "other"]
