"""Snowplow's e-commerce events of a demo shop: an action, with its objects in contexts."""

import json
from collections.abc import Iterator

from tests.traffic.commerce import bodies, line, thing
from tests.traffic.home import Document, Message, Unmapped, moment, name, rows

COMMERCE = "contexts_com_snowplowanalytics_snowplow_ecommerce_"
ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1_0_0"
VERBS = {
    "product_view": "view_item",
    "list_view": "view_item_list",
    "list_click": "select_item",
    "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "transaction": "purchase",
    "refund": "refund",
}
STEPS = {1: "begin_checkout", 2: "add_shipping_info", 3: "add_payment_info"}


def messages() -> Iterator[Message]:
    for number, row in enumerate(rows("payloads/snowplow_ecommerce_atomic_events.csv.gz")):
        try:
            events = _events(f"snowplow-{number}", row)
        except Unmapped:
            events = []
        yield Message(moment(row["derived_tstamp"], row["collector_tstamp"]), dict(row), events)


def _events(id: str, row: dict[str, str]) -> list[Document]:
    who: Document = {"visitor": name(row["domain_userid"])}
    for user in _context(row, "user"):
        who["customer"] = name(user.get("id"))
    action = json.loads(row[ACTION] or "{}")
    order = next(iter(_context(row, "transaction")), {})
    details = {"list": action.get("name"), "order": order.get("transaction_id")}
    details["value"] = order.get("revenue")
    items = [_line(product) for product in _context(row, "product")]
    verb = VERBS.get(action.get("type", ""), "page_view")
    for step in _context(row, "checkout_step"):
        verb = STEPS[min(3, int(step["step"]))]
    return [
        {"id": f"{id}-{n}", **who, **body} for n, body in enumerate(bodies(verb, items, details))
    ]


def _context(row: dict[str, str], kind: str) -> list[Document]:
    found: list[Document] = json.loads(row[f"{COMMERCE}{kind}_1_0_0"] or "[]")
    return found


def _line(product: Document) -> Document:
    looks = {"name": product.get("name"), "category": product.get("category")}
    found = thing(product.get("id"), product.get("price"), **looks)
    return line(found, product.get("quantity"), product.get("variant"))
