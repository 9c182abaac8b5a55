"""posthog-python walks the story. `URL KEY`."""

import sys

from posthog import Posthog

SHIRT = {"product_id": "p-1", "name": "Shirt", "category": "Shirts", "price": 19.9}
ADDED = {**SHIRT, "quantity": 2, "currency": "EUR", "cart_id": "c-1"}

client = Posthog(sys.argv[2], host=sys.argv[1], gzip=True, on_error=lambda *told: print(*told))
client.capture("Product Viewed", distinct_id="u-1", properties=SHIRT)
client.capture("Cart Viewed", distinct_id="u-1", properties={"cart_id": "c-1", "products": [ADDED]})
client.capture("Checkout Started", distinct_id="u-1")
client.set(distinct_id="u-1", properties={"email": "Ann@Shop-Mail.de"})
client.capture(
    "Order Completed",
    distinct_id="u-1",
    properties={"order_id": "o-1", "total": "39.80", "currency": "EUR", "products": [ADDED]},
)
client.capture("Order Cancelled", distinct_id="u-1", properties={"order_id": "o-1"})
client.capture("Wheel Spun", distinct_id="u-1", properties={"$process_person_profile": False})
client.group_identify("company", "acme", {"plan": "large"})
client.shutdown()
