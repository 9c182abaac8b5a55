"""An order of many lines is not lost: what decorates its lines goes, then the lines."""

import json
from typing import Any

import pytest

from stream.connect import sizes
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.sizes import is_too_large
from stream.connect.source import Source
from stream.connect.translation import Translation
from stream.events import decoding
from stream.events.decoding import LARGEST, LARGEST_CART
from stream.events.types import CartUpdated, OrderPlaced

NOW = 1_796_031_001_000
NAME = "The Collection Snowboard: Hydrogen, with a long name"


def lines(count: int) -> list[dict[str, Any]]:
    return [
        {
            "product_id": 7_234_590_408_817 + number,
            "variant_id": 41_327_142_600_817 + number,
            "quantity": 2,
            "title": NAME,
            "name": NAME,
            "price": "600.00",
            "image": {"src": f"https://cdn.shop.example/files/1/0590/2696/4593/{number:0200d}.jpg"},
        }
        for number in range(count)
    ]


def translated(kind: str, headers: dict[str, str], **body: Any) -> Translation:
    source = Source(name="shop", kind=kind, trust="server")
    return translate(kind, Request("/", {}, headers, json.dumps(body).encode()), source, NOW)


def shopify(topic: str, count: int) -> Translation:
    body = {"id": 5_778, "token": "c-1", "cart_token": "c-1", "currency": "EUR"}
    return translated(
        "shopify",
        {"x-shopify-topic": topic},
        **body,
        current_total_price="600.00",
        line_items=lines(count),
    )


def woo(status: str, count: int) -> Translation:
    headers = {"x-wc-webhook-topic": "order.updated"}
    body = {"id": 4_750, "status": status, "currency": "EUR", "total": "600.00"}
    return translated("woocommerce", headers, **body, line_items=lines(count))


def test_an_order_that_fits_keeps_its_lines_as_they_are() -> None:
    done = shopify("orders/create", 100)
    assert done.left_out == []
    assert {line["name"] for line in done.events[0]["order"]["items"]} == {NAME}


def test_lines_of_a_large_order_lose_what_decorates_them_and_nothing_else() -> None:
    done = shopify("orders/create", 480)
    assert [left.path for left in done.left_out] == [
        f"$.order.items[*].{name}" for name in ("image", "url", "name")
    ]
    assert done.events[0]["order"]["items"][479] == {
        "product_id": "7234590409296",
        "variant_id": "41327142601296",
        "quantity": 2,
        "price": 600.0,
        "currency": "EUR",
    }


def test_images_go_before_names() -> None:
    done = woo("completed", 200)
    assert [left.path for left in done.left_out] == ["$.order.items[*].image"]
    assert done.events[0]["order"]["items"][0]["name"] == NAME


def test_an_order_of_a_thousand_lines_is_an_order_without_them() -> None:
    done = shopify("orders/paid", 1_000)
    assert done.left_out[-1] == ("order.placed", "too_large", "$.order.items")
    assert done.events[0]["order"] == {
        "id": "5778",
        "value": 600.0,
        "currency": "EUR",
        "cart_id": "c-1",
    }


@pytest.mark.parametrize("count", [300, 480, 1_000])
def test_a_worker_reads_an_order_of_any_size(count: int) -> None:
    value = json.dumps(shopify("orders/create", count).events[0], separators=(",", ":")).encode()
    assert len(value) <= LARGEST
    assert isinstance(decoding.parse(value), OrderPlaced)


def test_a_cart_may_be_larger_and_keeps_all_its_lines() -> None:
    done = woo("pending", 700)
    (_, whole) = done.events
    value = json.dumps(whole, separators=(",", ":")).encode()
    read = decoding.parse(value)
    assert LARGEST < len(value) <= LARGEST_CART
    assert isinstance(read, CartUpdated)
    assert len(whole["cart"]["items"]) == 700
    assert [left.path for left in done.left_out] == ["$.cart.items[*].image"]


@pytest.mark.parametrize(
    ("event", "largest"),
    [
        ({"id": "e", "type": "order.placed", "visitor": "v", "order": {"id": "o"}}, 65_536),
        ({"id": "e", "type": "cart.updated", "visitor": "v", "cart": {"items": []}}, 262_144),
    ],
    ids=["order", "cart"],
)
def test_the_limits_match_a_workers(event: dict[str, Any], largest: int) -> None:
    for size in (largest, largest + 1):
        try:
            decoding.parse(json.dumps(event).encode().ljust(size))
            refused = False
        except decoding.Rejected:
            refused = True
        assert is_too_large(event, size) == refused == (size > largest)


def test_an_event_without_lines_has_nothing_to_leave_out() -> None:
    done, event = Translation(), {"type": "search.performed", "query": "x" * LARGEST}
    assert sizes.fitted(event, done) == event
    assert done.left_out == []


def test_a_cart_that_is_too_large_without_what_decorates_it_stays() -> None:
    """The worker rejects it, and says so."""
    lines = [{"product_id": "p" * 300, "name": NAME} for _ in range(1_000)]
    done, event = Translation(), {"type": "cart.updated", "cart": {"id": "c", "items": lines}}
    bare = [{"product_id": "p" * 300}] * 1_000
    assert sizes.fitted(event, done) == {**event, "cart": {"id": "c", "items": bare}}
    assert [left.path for left in done.left_out] == [
        f"$.cart.items[*].{name}" for name in sizes.DECORATION
    ]
