"""Orders of a shop that nobody placed: renewals of a subscription."""

import json
from typing import Any

import pytest

from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source

NOW = 1_796_031_001_000


def recurs(kind: str, headers: dict[str, str], body: dict[str, Any]) -> bool:
    source = Source(name="shop", kind=kind, trust="server")
    done = translate(kind, Request("/", {}, headers, json.dumps(body).encode()), source, NOW)
    return done.events[0]["order"].get("recurring") is True


@pytest.mark.parametrize(
    ("said", "renews"),
    [
        ({"source_name": "subscription_contract"}, True),
        ({"tags": "gift, Subscription Recurring Order"}, True),
        ({"tags": ["subscription recurring order"]}, True),
        ({"source_name": "web", "tags": "gift"}, False),
    ],
)
def test_the_source_or_a_tag_of_shopify_says_that_an_order_renews(
    said: dict[str, Any], renews: bool
) -> None:
    body = {"id": 5_778, "cart_token": "c-1", "current_total_price": "6.00", **said}
    assert recurs("shopify", {"x-shopify-topic": "orders/create"}, body) is renews


@pytest.mark.parametrize(
    ("said", "renews"),
    [
        ({"created_via": "subscription"}, True),
        ({"meta_data": [{"key": "_subscription_renewal", "value": "7"}]}, True),
        ({"created_via": "checkout", "meta_data": [{"key": "_other"}]}, False),
    ],
)
def test_the_origin_or_a_note_of_woocommerce_says_that_an_order_renews(
    said: dict[str, Any], renews: bool
) -> None:
    body = {"id": 4_750, "status": "completed", "customer_id": 7, "total": "6.00", **said}
    assert recurs("woocommerce", {"x-wc-webhook-topic": "order.updated"}, body) is renews
