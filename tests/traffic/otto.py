"""OTTO's sessions over weeks: clicks, carts and orders. An order of several articles has one id."""

from collections.abc import Iterator

from tests.traffic.home import Document, Message, documents


def messages() -> Iterator[Message]:
    for session in documents("otto_sessions_sample.jsonl.gz"):
        visitor = f"otto-{session['session']}"
        for number, event in enumerate(session["events"]):
            who = {"id": f"{visitor}-{number}", "visitor": visitor, "customer": visitor}
            yield Message(event["ts"], {}, [{**who, **_body(visitor, event)}])


def _body(visitor: str, event: Document) -> Document:
    article = f"{event['aid']}"
    if event["type"] == "clicks":
        return {"type": "product.viewed", "product": {"id": article}}
    if event["type"] == "carts":
        return {"type": "cart.item_added", "item": {"product_id": article, "quantity": 1}}
    return {"type": "order.placed", "order": {"id": f"{visitor}-{event['ts']}"}}
