"""Segment: POST /v1/track of the HTTP Tracking API. Source: segment.com/docs, HTTP API source.

RudderStack's gateway has the same API: set TRIGGERS_WEBHOOK_URL to its address.
"""

from base64 import b64encode
from typing import Any, ClassVar, Final

from agents.sender.services.notification import Notification
from agents.sender.services.preset import Preset
from stream.outputs.triggers import rfc3339

LIBRARY: Final = {"name": "storefront-triggers", "version": "1"}


class Segment(Preset):
    """Segment drops an event whose `messageId` it has received within at least the last day."""

    name: ClassVar = "segment"
    address: ClassVar = "https://api.segment.io"
    rate: ClassVar = 500
    most: ClassVar = 30 * 1024
    key: ClassVar = "the write key of a source of kind HTTP API"

    def path(self, notification: Notification) -> str:
        return "/v1/track"

    def headers(self) -> dict[str, str]:
        basic = b64encode(f"{self._key}:".encode()).decode()
        return {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}

    def body(self, notification: Notification) -> object:
        document: dict[str, Any] = {
            "event": notification.event,
            "messageId": notification.id,
            "timestamp": rfc3339(notification.time),
            "properties": notification.properties,
            "context": {"library": LIBRARY},
        }
        person = notification.person
        if person.sort == "visitor":
            return document | {"anonymousId": person.id}
        return document | {"userId": person.id if person.sort == "customer" else person.name}
