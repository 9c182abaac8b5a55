"""Which updates of an order of Shopify place it, and which orders are imports."""

import json
from typing import Any

import pytest

from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source

NOW = 1_796_031_001_000
SHOP = Source(name="shop", kind="shopify", trust="server")
DAY_LATER = [("2026-11-02T10:00:00.000Z", True), ("2026-11-02T10:00:00.001Z", False)]


def placed(topic: str, **times: str) -> list[dict[str, Any]]:
    body = {"id": 5_778, "cart_token": "c-1", "current_total_price": "6.00", **times}
    request = Request("/", {}, {"x-shopify-topic": topic}, json.dumps(body).encode())
    events = translate("shopify", request, SHOP, NOW).events
    return [event for event in events if event["type"] == "order.placed"]


@pytest.mark.parametrize(("updated", "is_placed"), DAY_LATER)
def test_an_update_within_a_day_places_an_order(updated: str, is_placed: bool) -> None:
    created = "2026-11-01T10:00:00.000Z"
    found = placed("orders/updated", created_at=created, updated_at=updated)
    assert bool(found) is is_placed


@pytest.mark.parametrize(("created", "is_new"), DAY_LATER)
def test_an_order_that_was_processed_more_than_a_day_ago_is_an_import(
    created: str, is_new: bool
) -> None:
    (found,) = placed("orders/create", created_at=created, processed_at="2026-11-01T10:00:00.000Z")
    assert ("imported" in found) is not is_new
