"""Klaviyo: POST /api/events (Create Event), revision 2026-07-15. Source: developers.klaviyo.com, Events API."""

from typing import Any, ClassVar, Final

from agents.sender.services.notification import Notification
from agents.sender.services.preset import Preset
from stream.outputs.triggers import rfc3339

REVISION: Final = "2026-07-15"


class Klaviyo(Preset):
    """Klaviyo accepts an event with the same profile, metric and `unique_id` only once."""

    name: ClassVar = "klaviyo"
    address: ClassVar = "https://a.klaviyo.com"
    rate: ClassVar = 58  # 3,500 a minute; Klaviyo also accepts bursts of 350 a second
    most: ClassVar = 1024 * 1024
    key: ClassVar = "a private API key (pk_…) with the scope events:write"

    def path(self, notification: Notification) -> str:
        return "/api/events"

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Klaviyo-API-Key {self._key}",
            "revision": REVISION,
            "Content-Type": "application/vnd.api+json",
            "Accept": "application/vnd.api+json",
        }

    def body(self, notification: Notification) -> object:
        attributes: dict[str, Any] = {
            "unique_id": notification.id,
            "time": rfc3339(notification.time),
            "properties": notification.properties,
            "metric": {"data": {"type": "metric", "attributes": {"name": notification.event}}},
            "profile": {"data": {"type": "profile", "attributes": _profile(notification)}},
        }
        value = notification.properties.get("value")
        if value:
            attributes["value"] = value
            about = (
                notification.properties.get(name) or {} for name in ("cart", "order", "product")
            )
            currency = next((each["currency"] for each in about if each.get("currency")), None)
            if currency:
                attributes["value_currency"] = currency
        return {"data": {"type": "event", "attributes": attributes}}


def _profile(notification: Notification) -> dict[str, str]:
    """The keys of the person's profile: `anonymous_id` for a visitor, `external_id` for a customer or a contact."""
    person = notification.person
    if person.sort == "visitor":
        return {"anonymous_id": person.id}
    return {"external_id": person.id if person.sort == "customer" else person.name}
