"""One webhook of Shopify: its topic, its object, and its events. Source: docs/connect.md, 1.3.1."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from stream.connect import times
from stream.connect.deliveries import Body, events_of
from stream.connect.events import Who
from stream.connect.ids import content_id, event_id
from stream.connect.reading import dig, document_in_base64, first, mapping, text
from stream.connect.request import Given, Request
from stream.connect.source import Source
from stream.connect.translation import Translation


class Delivery(Struct, frozen=True):
    """A webhook. `when`: when it was triggered, or its object changed (ms)."""

    topic: str
    id: str
    body: dict[str, Any]
    source: Source
    when: int | None
    out: Translation

    def add_events(self, who: Who, *bodies: Body) -> None:
        self.out.events += events_of(self.id, who, list(bodies))

    def leave_out(self, reason: str, path: str = "$") -> None:
        self.out.leave_out(self.topic, reason, path)


def unwrapped(given: Given, body: Any) -> tuple[dict[str, Any], Any]:
    """The headers in lower case, and the object. EventBridge has both in its `detail`, Pub/Sub's push in its `message`.

    An app may put the topic into the address to which it subscribes.
    """
    query = given.query if isinstance(given, Request) else {}
    topic = {"x-shopify-topic": query["topic"]} if "topic" in query else {}
    headers: dict[str, Any] = {**topic, **given.headers}
    if isinstance(dig(body, "detail", "payload"), dict):
        headers |= mapping(dig(body, "detail", "metadata"))
        body = dig(body, "detail", "payload")
    elif isinstance(dig(body, "message", "data"), str):
        headers |= mapping(dig(body, "message", "attributes"))
        body = document_in_base64(body["message"]["data"])
    return {name.lower(): value for name, value in headers.items()}, body


def topic_of(headers: dict[str, Any], written: Mapping[str, str]) -> str:
    """The topic, like `carts/update`. It may be written `CARTS_UPDATE`. `written`: topics by such names."""
    topic = (text(headers.get("x-shopify-topic")) or "").lower()
    return written.get(topic, topic)


def delivery(
    topic: str,
    headers: dict[str, Any],
    body: dict[str, Any],
    source: Source,
    now: int,
    out: Translation,
) -> Delivery:
    """The webhook. Its id is that of the shop's event, so a repeat has the same."""
    name = text(headers.get("x-shopify-event-id")) or text(headers.get("x-shopify-webhook-id"))
    id = event_id("sh", name, topic) if name else content_id("sh", topic, body)
    triggered = times.moment(headers.get("x-shopify-triggered-at"))
    changed = first(body, "updated_at", "occurredAt")
    when = times.client_time(now, None, triggered or changed, server=True)
    return Delivery(topic, id, body, source, when, out)
