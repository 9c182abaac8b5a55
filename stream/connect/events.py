"""The owner of an event, and the event in our form."""

from typing import Any

from msgspec import Struct


class Who(Struct, frozen=True, kw_only=True):
    """The owner of a source's event, and when it happened (ms)."""

    visitor: str | None = None
    customer: str | None = None
    keys: dict[str, str] = {}
    client_time: int | None = None


def event(type: str, id: str, who: Who, **body: Any) -> dict[str, Any]:
    """One of our events. Fields that are None are left out."""
    made: dict[str, Any] = {"id": id, "type": type}
    if who.visitor is not None:
        made["visitor"] = who.visitor
    if who.customer is not None:
        made["customer"] = who.customer
    if who.keys:
        made["keys"] = who.keys
    if who.client_time is not None:
        made["client_time"] = who.client_time
    for name, value in body.items():
        if value is not None and value != {}:
            made[name] = value
    return made
