"""Customers of Shopify: who they are and what they agreed to. Source: docs/connect.md, 1.3.1."""

from typing import Any, Final

from stream.connect import items, times
from stream.connect.contact import contact_keys, contacts, identifies
from stream.connect.events import Who, event
from stream.connect.ids import event_id
from stream.connect.money import currency
from stream.connect.reading import dig, first, mapping, text
from stream.connect.shopify_delivery import Delivery
from stream.connect.shopify_ids import plain

CHANNELS: Final = {"email_marketing_consent": "email", "sms_marketing_consent": "sms"}
GRANTED: Final = {"subscribed": True, "unsubscribed": False}
"""The states that are decisions, and whether they grant. `not_subscribed` and `pending` are not decisions."""


def customer(it: Delivery) -> None:
    """A customer, with its addresses and consents."""
    body, who = it.body, _who(it)
    email, phone = body.get("email"), body.get("phone")
    code = currency(body.get("currency"))
    traits = items.traits(body.get("orders_count"), body.get("total_spent"), code)
    if who.customer is None:
        it.leave_out("no_customer", "$.id")
        return
    it.add_events(
        who, ("visitor.identified", {"contacts": contacts(email, phone), "traits": traits})
    )
    _consents(it, who)


def consent(it: Delivery) -> None:
    """The change itself: with it somebody joins a list, or leaves it."""
    _consents(it, _who(it), joins=True)


def erased(it: Delivery) -> None:
    """A customer who asked the shop to be forgotten, with the addresses that the shop had."""
    customer = mapping(it.body.get("customer"))
    who = Who(
        customer=plain(customer.get("id")),
        keys=contact_keys(it.source, customer.get("email"), customer.get("phone")),
        client_time=it.when,
    )
    if who.customer is None and not identifies(who.keys):
        it.leave_out("no_customer", "$.customer")
    else:
        it.add_events(who, ("person.erased", {}))


def _who(it: Delivery) -> Who:
    email = first(it.body, "email", "email_address")
    return Who(
        customer=plain(first(it.body, "customer_id", "id")),
        keys=contact_keys(it.source, email, it.body.get("phone")),
        client_time=it.when,
    )


def _consents(it: Delivery, who: Who, joins: bool = False) -> None:
    """Each as of when it was given. Every change of a customer repeats it: an old grant must lift nothing."""
    for field, channel in CHANNELS.items():
        state = text(dig(it.body, field, "state"))
        granted = GRANTED.get(state or "")
        since = _since(it.body, field)
        if granted is None:
            if state is not None:
                it.leave_out("no_decision", f"$.{field}.state")
            continue
        if since is None and granted:
            it.leave_out("no_time", f"$.{field}")
            continue
        known = [at for at in (since, who.client_time) if at is not None]
        owner = Who(customer=who.customer, keys=who.keys, client_time=min(known, default=None))
        name = event_id(it.id, channel)
        if granted and joins:
            made = event("visitor.subscribed", name, owner, channels=[channel])
        else:
            made = event("consent.changed", name, owner, channels=[channel], granted=granted)
        it.out.events.append(made)


def _since(body: dict[str, Any], field: str) -> int | None:
    return times.moment(first(body, f"{field}.consent_updated_at", "created_at"))
