"""Orders of Adobe Commerce that say too little. All else is in schemas/examples/connect/adobe-commerce."""

import json

from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source
from stream.connect.translation import Translation

NOW = 1_796_031_001_000
SHOP = Source(name="shop", kind="adobe-commerce", trust="server")


def saved(**order: str) -> Translation:
    event = {
        "specversion": "1.0",
        "type": "com.adobe.commerce.observer.sales_order_save_after",
        "event_id": "e",
        "data": {"value": {"order": order}},
    }
    request = Request("/connect/adobe-commerce/shop", body=json.dumps([event]).encode())
    return translate("adobe-commerce", request, SHOP, NOW)


def test_an_order_without_a_number_is_left_out_with_the_reason() -> None:
    assert [event["type"] for event in saved(increment_id="7", customer_id="5").events] == [
        "order.placed"
    ]
    done = saved(customer_id="5")
    assert done.events == []
    assert [left.reason for left in done.left_out] == ["no_order_id"]
