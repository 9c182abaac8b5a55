"""CloudEvents' SDK for Python writes the story in its three ways. `URL SECRET`."""

import json
import sys
import urllib.request
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

ITEM = {"product_id": "p-1", "quantity": 2, "price": 19.9, "currency": "EUR"}
ORDER = {"id": "o-1", "value": 39.8, "currency": "EUR", "items": [ITEM]}


def told(name: str, number: int, data: Any) -> CloudEvent:
    named = {"id": str(number), "source": "/größe", "type": f"com.shop.{name}", "subject": "v-1"}
    attributes = {**named, "time": datetime.now(UTC), "datacontenttype": "application/json"}
    return CloudEvent(attributes, data)


def send(message: HTTPMessage) -> None:
    request = urllib.request.Request(
        f"{sys.argv[1]}/connect/cloudevents/bus",
        data=bytes(message.body),
        headers={**message.headers, "Authorization": f"Bearer {sys.argv[2]}"},
    )
    urllib.request.urlopen(request).close()


send(to_binary_event(told("page.viewed", 1, {"page": {"path": "/", "kind": "home"}})))
send(to_structured_event(told("product.viewed", 2, {"product": {"id": "p-1", "price": 19.9}})))
send(to_binary_event(told("cart.updated", 3, {"cart": {"id": "c-1", "items": [ITEM]}})))
last: list[tuple[str, dict[str, object]]]
last = [("checkout.started", {}), ("order.placed", {"order": ORDER})]
batch = [
    json.loads(to_structured_event(told(name, number, data)).body)
    for number, (name, data) in enumerate(last, 4)
]
headers = {"content-type": "application/cloudevents-batch+json"}
send(HTTPMessage(headers, json.dumps(batch).encode()))
