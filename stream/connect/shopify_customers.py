"""Customers of Shopify: who they are and what they agreed to. Source: docs/connect.md, 1.3.1."""

from typing import Any, Final

from stream.connect import times
from stream.connect.contact import contact_keys, contacts
from stream.connect.events import Who, event
from stream.connect.ids import event_id
from stream.connect.money import currency, money
from stream.connect.reading import dig, first, text, whole
from stream.connect.shopify_delivery import Delivery
from stream.connect.shopify_ids import plain
from stream.connect.translation import compact

CHANNELS: Final = {"email_marketing_consent": "email", "sms_marketing_consent": "sms"}
GRANTED: Final = {"subscribed": True, "unsubscribed": False}
"""The states that are decisions, and whether they grant. `not_subscribed` and `pending` are none."""


def customer(it: Delivery) -> None:
    """A customer, with its addresses and consents."""
    body, who = it.body, _who(it)
    email, phone = body.get("email"), body.get("phone")
    spent = money(body.get("total_spent"), currency(body.get("currency")))
    traits = compact(orders=whole(body.get("orders_count")), value=spent)
    if who.customer is None:
        it.leave_out("no_customer", "$.id")
        return
    it.say(who, ("visitor.identified", {"contacts": contacts(email, phone), "traits": traits}))
    _consents(it, who)


def consent(it: Delivery) -> None:
    _consents(it, _who(it))


def _who(it: Delivery) -> Who:
    email = first(it.body, "email", "email_address")
    return Who(
        customer=plain(first(it.body, "customer_id", "id")),
        keys=contact_keys(it.source, email, it.body.get("phone")),
        client_time=it.when,
    )


def _consents(it: Delivery, who: Who) -> None:
    """The consents, each with its own time. Every change of a customer repeats them: an old grant must lift nothing."""
    for field, channel in CHANNELS.items():
        granted = GRANTED.get(text(dig(it.body, field, "state")) or "")
        since = _since(it.body, field)
        if granted is None:
            continue
        if since is None and granted:
            it.leave_out("no_time", f"$.{field}")
            continue
        known = [at for at in (since, who.client_time) if at is not None]
        told = Who(customer=who.customer, keys=who.keys, client_time=min(known, default=None))
        name = event_id(it.id, channel)
        it.out.events.append(
            event("consent.changed", name, told, channels=[channel], granted=granted)
        )


def _since(body: dict[str, Any], field: str) -> int | None:
    return times.moment(first(body, f"{field}.consent_updated_at", "created_at"))
