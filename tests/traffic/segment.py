"""Segment's e-commerce messages from a router's own tests, many of them odd on purpose."""

from collections.abc import Iterator

from tests.traffic.commerce import bodies, line, thing
from tests.traffic.home import Document, Message, Unmapped, documents, each, moment, name

VERBS = {
    "product viewed": "view_item",
    "product clicked": "select_item",
    "product list viewed": "view_item_list",
    "products searched": "search",
    "product added": "add_to_cart",
    "product removed": "remove_from_cart",
    "cart viewed": "view_cart",
    "checkout started": "begin_checkout",
    "checkout step completed": "add_shipping_info",
    "payment info entered": "add_payment_info",
    "order completed": "purchase",
    "order refunded": "refund",
}


def messages() -> Iterator[Message]:
    for number, document in enumerate(documents("payloads/segment_spec_messages.ndjson")):
        source = document["message"]
        t = moment(source.get("originalTimestamp"), source.get("timestamp"), source.get("sentAt"))
        try:
            events = _events(f"segment-{number}", source)
        except Unmapped:
            events = []
        yield Message(t, source, events)


def _events(id: str, source: Document) -> list[Document]:
    who: Document = {"visitor": name(source.get("anonymousId"))}
    if source.get("userId"):
        who["customer"] = name(source["userId"])
    verb, properties = _verb(source), source.get("properties") or {}
    known = {"query": properties.get("query"), "list": properties.get("list_id")}
    known |= {"order": properties.get("order_id"), "value": properties.get("total")}
    products = each(
        properties.get("products") or ([properties] if "product_id" in properties else [])
    )
    return [
        {"id": f"{id}-{n}", **who, **body}
        for n, body in enumerate(bodies(verb, [_line(product) for product in products], known))
    ]


def _verb(source: Document) -> str:
    if source.get("type") == "page":
        return "page_view"
    event = source.get("event")
    if source.get("type") != "track" or not isinstance(event, str):
        raise Unmapped(event)
    return VERBS.get(event.lower(), event)


def _line(product: Document) -> Document:
    looks = {"name": product.get("name"), "category": product.get("category")}
    found = thing(product.get("product_id"), product.get("price"), **looks)
    return line(found, product.get("quantity"), product.get("variant"))
