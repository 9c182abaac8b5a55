"""rudder-sdk-python walks the story. `URL KEY`."""

import sys

from rudderstack.analytics.client import Client

SHIRT = {"product_id": "p-1", "sku": "p-1", "name": "Shirt", "category": "Shirts", "price": 19.9}
ADDED = {**SHIRT, "quantity": 2, "currency": "EUR", "cart_id": "c-1"}
WHO = {"anonymous_id": "v-1"}

client = Client(sys.argv[2], host=sys.argv[1], gzip=True, on_error=print)
client.page(category="Home", name="Home", properties={"path": "/"}, **WHO)
client.track(event="Product List Viewed", properties={"category": "Shirts"}, **WHO)
client.track(event="Products Searched", properties={"query": "shirt"}, **WHO)
client.track(event="Product Viewed", properties={**SHIRT, "currency": "EUR"}, **WHO)
client.track(event="Product Added", properties=ADDED, **WHO)
client.track(event="Cart Viewed", properties={"cart_id": "c-1", "products": [ADDED]}, **WHO)
client.track(event="Checkout Started", properties={"order_id": "o-1"}, **WHO)
client.identify("u-1", {"email": "Ann@Shop-Mail.de", "orders_count": 2}, **WHO)
client.track("u-1", "Payment Info Entered", {"checkout_id": "k-1"}, **WHO)
ORDER = {"order_id": "o-1", "total": 39.8, "currency": "EUR", "products": [ADDED]}
client.track("u-1", "Order Completed", ORDER, **WHO)
client.track("u-1", "Order Cancelled", {"order_id": "o-1"}, **WHO)
client.track("u-2", "Wheel Spun", {"prize": None})
client.shutdown()
