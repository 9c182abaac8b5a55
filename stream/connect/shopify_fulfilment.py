"""Translates the parcels of Shopify's orders: which orders were delivered. Source: docs/connect.md, 2.11; docs/semantics-life.md, 12."""

from typing import Any, Final

from stream.connect.contact import contact_keys
from stream.connect.events import Who
from stream.connect.reading import dig, first, listing
from stream.connect.shopify_delivery import Delivery
from stream.connect.shopify_ids import plain

ARRIVED: Final = "delivered"


def fulfillment(it: Delivery) -> None:
    """Translates a delivered parcel. It names its order, and at most an address of the buyer."""
    name = plain(it.body.get("order_id"))
    status = it.body.get(
        "status" if it.topic.startswith("fulfillment_events") else "shipment_status"
    )
    if name is None:
        it.leave_out("no_order_id", "$.order_id")
    elif status != ARRIVED:
        it.leave_out("not_delivered")
    else:
        phone = first(it.body, "destination.phone", "phone")
        keys = contact_keys(it.source, it.body.get("email"), phone)
        it.add_events(
            Who(keys=keys, client_time=it.when), ("order.delivered", {"order": {"id": name}})
        )


def all_delivered(order: dict[str, Any]) -> bool:
    """Whether an order is shipped completely and every parcel of it was delivered."""
    parcels = listing(order.get("fulfillments"))
    arrived = [dig(each, "shipment_status") for each in parcels if not _is_off(each)]
    return (
        order.get("fulfillment_status") == "fulfilled"
        and bool(arrived)
        and all(status == ARRIVED for status in arrived)
    )


def _is_off(parcel: Any) -> bool:
    return dig(parcel, "status") in ("cancelled", "error", "failure")
