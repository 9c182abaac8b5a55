"""Orders of Adobe Commerce that say too little, and a checkout that comes late. All else is in
schemas/examples/connect/adobe-commerce."""

import json

from stream import backtest
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source
from stream.connect.translation import Translation
from tests import checked

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


MINUTE = 60_000
MAGENTO = "iglu:com.adobe.magento.entity"
SHIRT = {"productSku": "100", "productName": "Shirt", "qty": 2, "offerPrice": 19.9}
CART = {"schema": f"{MAGENTO}/shopping-cart/jsonschema/3-0-0", "data": {"cartId": "c-1", "items": [SHIRT]}}  # fmt: skip


def of_page(event: str, t: int, waited: int = 0, **fields: str) -> list[bytes]:
    """The lines of a log for an event of the page that arrives at `t` and waited in the browser before (ms)."""
    category, action = event.split("/")
    names = {"e": "se", "eid": f"{action}-{t}", "duid": "v-1", "se_ca": category, "se_ac": action}
    times = {"dtm": str(t - waited), "stm": str(t)}
    sent = {**names, **times, "p": "web", "co": json.dumps({"data": [CART]}), **fields}
    request = Request("/collector/tp2", body=json.dumps({"data": [sent]}).encode())
    found = translate("adobe-commerce", request, SHOP, t).events
    return [json.dumps({"t": t, **each}).encode() for each in found]


def test_a_late_checkout_that_says_who_it_is_reminds_of_no_old_cart_at_that_moment() -> None:
    """The checkout comes before its cart: a cart alone, of hours ago, would be reminded of as soon as somebody is known."""
    later = NOW + 180 * MINUTE
    log = of_page("product/add-to-cart", NOW)
    log += of_page("shopping-cart/initiate-checkout", later, 10 * MINUTE, uid="anna")
    log += of_page("product/add-to-cart", later + 31 * MINUTE, duid="another")
    rules = {"recipes": [{"name": "cart-abandonment"}, {"name": "checkout-abandonment"}]}
    decided = map(json.loads, backtest.decide(log, checked.recipes(rules))[1])
    fired = [
        (each["recipe"], (each["at"] - later) // MINUTE)
        for each in decided
        if each["outcome"] == "fired" and each["at"] <= later + 31 * MINUTE
    ]
    assert fired == [("checkout-abandonment", 30)]
