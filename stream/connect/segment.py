"""Segment and RudderStack: what each type of message becomes. Source: docs/connect.md, 1.1."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import structs

from stream.connect import commerce, commerce_names, items
from stream.connect.bodies import no_row, renamed
from stream.connect.commerce import TrackedEvent
from stream.connect.consent import changes
from stream.connect.contact import addresses_of, contact_keys, contacts, identifies
from stream.connect.events import Who
from stream.connect.ids import identifier
from stream.connect.lost import marked, unread
from stream.connect.reading import UNREADABLE, dig, first, mapping, text, words
from stream.connect.request import Given
from stream.connect.segment_message import (
    Message,
    document_of,
    id_of,
    joining,
    managed,
    message_of,
    messages_of,
    unquoted,
    who_of,
)
from stream.connect.source import Source
from stream.connect.translation import Translation, compact

OFFSET: Final = re.compile(r"(GMT|UTC)[+-]\d{1,2}:?\d{0,2}", re.ASCII)
"""What RudderStack's browser SDK says for a time zone. It is the offset of one day, and no zone."""


SHOPIFY: Final = "RudderStack Shopify Cloud"
"""The library that RudderStack's source for Shopify names."""


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = document_of(given)
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    for index, (path, each) in enumerate(messages_of(document)):
        if not isinstance(each, dict):
            out.refuse(index, "not_an_object")
            continue
        message = message_of(each, given, now, path, source)
        translate_message = TYPES.get(message.type, _unknown_type)
        translate_message(message, out)
    return out


def _tracked(message: Message, order: bool = False) -> TrackedEvent:
    properties = joining(message)
    return TrackedEvent(
        id=id_of(message),
        name=message.name,
        properties=properties,
        page=mapping(message.context.get("page")),
        who=who_of(message, commerce.keys_of(properties, order)),
        browser=message.browser,
        path=message.path,
    )


def _track(message: Message, out: Translation) -> None:
    if words(message.name).startswith(("consent", "segment consent")):
        return _consent(message, out)
    kind = renamed(message.source, message.name)
    if kind is not None and kind in PEOPLE:
        return PEOPLE[kind](message, out)
    shopify = dig(message.context, "library", "name") == SHOPIFY
    names = commerce_names.OF_SHOPIFY if shopify else commerce_names.NAMES
    row = commerce_names.row_of(message.name, message.source, names)
    tracked = _tracked(message, order=row is commerce.order_placed)
    return commerce.add_events(tracked, row(tracked, message.source, out), out)


def _page(message: Message, out: Translation) -> None:
    """Translates a page. Its category is a field of the message, not one of its properties."""
    tracked = _tracked(message)
    category = text(message.given.get("category"))
    if category is not None and "category" not in tracked.properties:
        tracked = structs.replace(tracked, properties={**tracked.properties, "category": category})
    commerce.add_events(tracked, commerce.page_viewed(tracked, message.source, out), out)


def _screen(message: Message, out: Translation) -> None:
    """A screen, which is a page if it has a name."""
    return _page(message, out) if message.name != "screen" else _presence(message, out)


def _presence(message: Message, out: Translation) -> None:
    tracked = _tracked(message)
    commerce.add_events(tracked, commerce.pinged(tracked, message.source, out), out)


def _identify(message: Message, out: Translation) -> None:
    tracked = _tracked(message)
    known = tracked.who.customer is not None or identifies(tracked.who.keys)
    if not known:
        commerce.nothing(tracked, out, "no_customer")
    given = text(message.context.get("timezone"))
    zone = None if given is None or OFFSET.fullmatch(given) else given
    body = compact(
        contacts=contacts(message.person("email"), message.person("phone")),
        traits=items.traits(
            message.person("orders_count", "purchaseCount"),
            message.person("total_spent", "lifetime_value", "customerLifetimeValue"),
        ),
        time_zone=zone,
    )
    identity = marked(body, unread(time_zone=(given, zone)))
    identified = [("visitor.identified", identity)] if known else []
    commerce.add_events(tracked, [*identified, *_changes(message)], out)


def _alias(message: Message, out: Translation) -> None:
    """An alias: the visitor `previousId` is the customer `userId`, or the person of that address."""
    tracked, previous = _tracked(message), identifier(unquoted(message.given.get("previousId")))
    address = addresses_of(unquoted(message.given.get("userId")), None, None)
    keys = contact_keys(message.source, *address)
    customer, happened = tracked.who.customer, tracked.who.client_time
    if previous is None or (customer is None and not identifies(keys)):
        commerce.nothing(tracked, out, "no_customer")
        return
    who = Who(visitor=previous, customer=customer, keys=keys, client_time=happened)
    commerce.add_events(
        TrackedEvent(tracked.id, tracked.name, {}, {}, who, tracked.browser, tracked.path),
        [("visitor.identified", {})],
        out,
    )


def _consent(message: Message, out: Translation) -> None:
    decided = _categories(message) or managed(message)
    changed = changes(message.source, decided)
    if not changed:
        no_row("consent", *decided).leave_out(out, message.name, message.path)
    commerce.add_events(_tracked(message), changed, out)


def _changes(message: Message) -> list[commerce.Body]:
    return changes(message.source, _categories(message))


def _categories(message: Message) -> dict[str, Any]:
    """The shopper's categories of consent, each true or false."""
    homes = (
        "properties.categoryPreferences",
        "context.consent.categoryPreferences",
        "properties.consent.categoryPreferences",
    )
    return mapping(first(message.given, *homes))


def _unknown_type(message: Message, out: Translation) -> None:
    out.leave_out(message.type, "unknown_type", message.path)


PEOPLE: Final[Mapping[str, Callable[[Message, Translation], None]]] = {
    "visitor.identified": _identify,
    "consent.changed": _consent,
}
"""The types that only the shop's own table can name: the specification has no event for them."""

TYPES: Final[Mapping[str, Callable[[Message, Translation], None]]] = {
    "track": _track,
    "page": _page,
    "screen": _screen,
    "identify": _identify,
    "alias": _alias,
    "group": _presence,
}
