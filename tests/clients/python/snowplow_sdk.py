"""snowplow-tracker for Python walks the story. `URL APP`."""

import sys

from snowplow_tracker import (
    Emitter,
    PagePing,
    PageView,
    SelfDescribing,
    SelfDescribingJson,
    Subject,
    Tracker,
)

SHOP = "iglu:com.snowplowanalytics.snowplow.ecommerce"
ACTION = f"{SHOP}/snowplow_ecommerce_action/jsonschema/1-0-2"
SHIRT = SelfDescribingJson(
    f"{SHOP}/product/jsonschema/1-0-0",
    {"id": "p-1", "name": "Shirt", "category": "Shirts", "price": 19.9, "currency": "EUR"},
)
TWO = SelfDescribingJson(SHIRT.schema, {**SHIRT.data, "quantity": 2})
ORDER = SelfDescribingJson(
    f"{SHOP}/transaction/jsonschema/1-0-0",
    {"transaction_id": "o-1", "revenue": 39.8, "currency": "EUR", "payment_method": "card"},
)
FIRST, LAST = (
    SelfDescribingJson(f"{SHOP}/checkout_step/jsonschema/1-0-0", {"step": step}) for step in (1, 3)
)

failed: list[object] = []
emitter = Emitter(
    sys.argv[1].removeprefix("http://"),
    protocol="http",
    batch_size=4,
    on_failure=lambda count, left: failed.extend(left),
)
subject = Subject().set_domain_user_id("v-1").set_user_id("u-1")
tracker = Tracker("shop", emitter, subject=subject, app_id=sys.argv[2])


def act(kind: str, *entities: SelfDescribingJson) -> None:
    said = SelfDescribingJson(ACTION, {"type": kind})
    tracker.track(SelfDescribing(event_json=said, context=[*entities]))


tracker.track(PageView(page_url="https://shop.example/?email=a%40b.example", page_title="Home"))
tracker.track(PagePing(page_url="https://shop.example/"))
tracker.track_site_search(["blue", "shirt"])
act("list_view", SHIRT)
act("product_view", SHIRT)
act("add_to_cart", TWO)
act("checkout_step", FIRST)
act("checkout_step", LAST)
act("transaction", ORDER, TWO)
tracker.flush()
print(*failed)
