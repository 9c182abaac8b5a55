"""ga4mp sends the story to the Measurement Protocol. `URL KEY SECRET`."""

import sys

from ga4mp import GtagMP

SHIRT = {"item_id": "p-1", "item_name": "Shirt", "item_category": "Shirts", "price": 19.9}
TWO = {**SHIRT, "quantity": 2}
WORTH = {"currency": "EUR", "value": 39.8, "items": [TWO]}

client = GtagMP(api_secret=sys.argv[3], measurement_id=sys.argv[2], client_id="1369988567.17561517")
client._base_domain = f"{sys.argv[1]}/mp/collect"  # it has no setting for it
client.store.set_user_property("user_id", "u-1")
seen = {"page_location": "https://shop.example/?email=a%40b.example", "page_title": "Home"}
client.send(
    [
        {"name": "page_view", "params": seen},
        {"name": "view_item_list", "params": {"item_list_name": "Shirts", "items": [SHIRT]}},
        {"name": "search", "params": {"search_term": "shirt"}},
        {"name": "view_item", "params": {"currency": "EUR", "value": 19.9, "items": [SHIRT]}},
        {"name": "add_to_cart", "params": {**WORTH}},
        {"name": "view_cart", "params": {**WORTH}},
        {"name": "begin_checkout", "params": {**WORTH}},
        {"name": "add_payment_info", "params": {**WORTH, "payment_type": "card"}},
        {"name": "purchase", "params": {**WORTH, "transaction_id": "o-1"}},
        {"name": "wheel_spun", "params": {}},
    ]
)
client.send([{"name": "refund", "params": {"transaction_id": "o-1", "currency": "EUR"}}])
