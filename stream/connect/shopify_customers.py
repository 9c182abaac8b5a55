"""Customers of Shopify: who they are and what they agreed to. Source: docs/connect.md, 1.3.1."""

from typing import Any, Final

from stream.connect import items, times
from stream.connect.contact import contact_keys, contacts, identifies
from stream.connect.events import Who, event
from stream.connect.ids import numbered
from stream.connect.money import currency
from stream.connect.reading import dig, first, mapping, text
from stream.connect.shopify_delivery import Delivery
from stream.connect.shopify_ids import plain

IDS: Final = ("customer_id", "customerId", "id", "admin_graphql_api_id")
"""Names of a customer's id in the webhooks about customers."""

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
    identified: Draft = (
        who,
        "visitor.identified",
        {"contacts": contacts(email, phone), "traits": traits},
    )
    _add(it, [identified, *_consents(it, who)])


def purchases(it: Delivery) -> None:
    """What a customer has bought until now. Newer versions of the API say it in a webhook of its own."""
    who, spent = _who(it), mapping(it.body.get("amountSpent"))
    code = currency(spent.get("currencyCode"))
    traits = items.traits(it.body.get("numberOfOrders"), spent.get("amount"), code)
    if who.customer is None or not traits:
        it.leave_out("no_customer" if who.customer is None else "nothing_to_tell")
    else:
        it.add_events(who, ("visitor.identified", {"traits": traits}))


def consent(it: Delivery) -> None:
    """The change itself: with it somebody joins a list, or leaves it."""
    drafts = _consents(it, _who(it), joins=True)
    _add(it, drafts)
    if not drafts and not it.out.left_out:
        it.leave_out("no_decision")


Draft = tuple[Who, str, dict[str, Any]]
"""The owner, type and body of one of our events."""


def _add(it: Delivery, drafts: list[Draft]) -> None:
    names = numbered(it.id, len(drafts))
    it.out.events += [
        event(type, name, who, **body)
        for name, (who, type, body) in zip(names, drafts, strict=True)
    ]


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
        customer=plain(first(it.body, *IDS)),
        keys=contact_keys(it.source, email, it.body.get("phone")),
        client_time=it.when,
    )


def _consents(it: Delivery, who: Who, joins: bool = False) -> list[Draft]:
    """Each as of when it was given. Every change of a customer repeats it: an old grant must lift nothing.

    `joins`: the webhook is about the consent itself, which was given when the webhook was triggered, at the latest.
    """
    drafts = list[Draft]()
    for field, channel in CHANNELS.items():
        state = text(dig(it.body, field, "state"))
        granted = GRANTED.get((state or "").lower())
        since = _since(it.body, field) or (it.when if joins else None)
        if granted is None:
            if state is not None:
                it.leave_out("no_decision", f"$.{field}.state")
            continue
        if since is None and granted:
            it.leave_out("no_time", f"$.{field}")
            continue
        known = [at for at in (since, who.client_time) if at is not None]
        owner = Who(customer=who.customer, keys=who.keys, client_time=min(known, default=None))
        if granted and joins:
            drafts.append((owner, "visitor.subscribed", {"channels": [channel]}))
        else:
            drafts.append((owner, "consent.changed", {"channels": [channel], "granted": granted}))
    return drafts


def _since(body: dict[str, Any], field: str) -> int | None:
    return times.moment(first(body, f"{field}.consent_updated_at", "created_at"))
