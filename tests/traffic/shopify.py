"""Shopify's webhooks of carts, checkouts and orders, some of them malformed. The cart's token is the visitor."""

from collections.abc import Iterator

from tests.traffic.commerce import line, thing
from tests.traffic.home import Document, Message, Unmapped, documents, each, moment, name


def messages() -> Iterator[Message]:
    for number, document in enumerate(documents("payloads/shopify_webhooks.ndjson")):
        source = document["webhook"]
        try:
            events = [{"id": f"shopify-{number}", **_event(source)}]
        except Unmapped:
            events = []
        yield Message(moment(source.get("updated_at"), source.get("created_at")), source, events)


def _event(hook: Document) -> Document:
    (topic,) = hook.get("query_parameters", {}).get("topic") or [None]
    if topic in ("carts_create", "carts_update"):
        token = name(hook.get("token"))
        cart = {"id": token, "items": [_line(item) for item in each(hook.get("line_items"))]}
        return {"type": "cart.updated", "visitor": token, "cart": cart}
    if topic == "checkouts_update":
        return {"type": "checkout.started", "visitor": name(hook.get("cart_token"))}
    if topic == "orders_delete":
        id = name(hook.get("id"))
        return {"type": "order.cancelled", "visitor": id, "order": {"id": id}}
    raise Unmapped(topic)


def _line(item: Document) -> Document:
    found = thing(item.get("product_id"), item.get("price"), name=item.get("title"))
    return line(found, item.get("quantity"), item.get("variant_id"))
