"""PostHog: its own `$` events, and the shop's by the names of Segment's specification. Source: docs/connect.md, 1.6."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import structs

from stream.connect import commerce, commerce_names
from stream.connect.commerce import TrackedEvent
from stream.connect.contact import contact_keys, contacts, customer_id, identifies
from stream.connect.events import Who
from stream.connect.ids import identifier
from stream.connect.posthog_message import (
    Message,
    addresses,
    document_of,
    id_of,
    is_browser,
    is_known,
    messages_of,
    sent_at,
    who_of,
)
from stream.connect.reading import UNREADABLE, first, is_present, text
from stream.connect.request import Given, Request
from stream.connect.source import Source
from stream.connect.translation import Translation, compact

MADE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
"""A UUID: a browser made an id of this form, not a shop."""


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = document_of(given)
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    sent = sent_at(document, given)
    for index, (path, each) in enumerate(messages_of(document, given)):
        if not isinstance(each, dict):
            out.refuse(index, "not_an_object")
            continue
        own = each.get("sent_at")
        message = Message(each, own if is_present(own) else sent, now, path, source)
        row = TYPES.get(message.name, _set if _is_of_a_person(given, each) else _named)
        row(message, out)
    return out


def _is_of_a_person(given: Given, event: Any) -> bool:
    """Whether the path says that it is about a person's properties. Such a message has no name."""
    path = given.path if isinstance(given, Request) else ""
    return path.rstrip("/").endswith("/engage") and text(event.get("event")) is None


def _tracked(message: Message, order: bool = False) -> TrackedEvent:
    properties = message.properties
    return TrackedEvent(
        id=id_of(message),
        name=message.name,
        properties=properties,
        page={
            "path": first(properties, "$pathname", "$current_url"),
            "title": first(properties, "title", "$screen_name"),
        },
        who=who_of(message, commerce.keys_of(properties, order)),
        browser=is_browser(message),
        path=message.path,
    )


def _named(message: Message, out: Translation) -> None:
    """An event that the shop named itself."""
    row = commerce_names.row_of(message.name, message.source)
    tracked = _tracked(message, order=row is commerce.order_placed)
    commerce.add_events(tracked, row(tracked, message.source, out), out)


def _screen(message: Message, out: Translation) -> None:
    """A screen of an app. It has no path: its kind is that of its name."""
    tracked = _tracked(message)
    named = {"name": tracked.properties.get("$screen_name"), **tracked.properties}
    screen = structs.replace(tracked, properties=named)
    commerce.add_events(screen, commerce.page_viewed(screen, message.source, out), out)


def _row(row: commerce.Row) -> Callable[[Message, Translation], None]:
    def translate_message(message: Message, out: Translation) -> None:
        tracked = _tracked(message)
        commerce.add_events(tracked, row(tracked, message.source, out), out)

    return translate_message


def _identify(message: Message, out: Translation) -> None:
    """An identify event: the visitor is the former id, the distinct id is already the customer."""
    before = identifier(message.properties.get("$anon_distinct_id"))
    _claim(message, before or message.device, message.distinct, out)


def _merge(message: Message, out: Translation) -> None:
    """A merge: the alias becomes the distinct id."""
    _claim(message, identifier(message.properties.get("alias")), message.distinct, out)


def _alias(message: Message, out: Translation) -> None:
    """An alias. Libraries disagree which id is the new one; the device's id, else the id that a browser made, is the
    visitor."""
    pair = (message.distinct, message.properties.get("alias"))
    made = [message.device is not None and identifier(name) == message.device for name in pair]
    if not any(made):
        made = [MADE.fullmatch(text(name) or "") is not None for name in pair]
    if made[0] == made[1]:
        commerce.nothing(_tracked(message), out, "ambiguous_alias")
        return
    visitor, customer = pair if made[0] else pair[::-1]
    _claim(message, identifier(visitor), customer, out)


def _set(message: Message, out: Translation) -> None:
    """Properties of a known person."""
    user = message.distinct if is_known(message, is_browser(message)) else None
    _claim(message, who_of(message).visitor, user, out)


def _claim(message: Message, visitor: str | None, user: Any, out: Translation) -> None:
    tracked, customer = _tracked(message), customer_id(user)
    email, phone = addresses(message, user)
    keys = contact_keys(message.source, email, phone)
    if customer == visitor or (customer is None and not identifies(keys)):
        commerce.nothing(tracked, out, "no_customer")
        return
    who = Who(visitor=visitor, customer=customer, keys=keys, client_time=tracked.who.client_time)
    body = compact(contacts=contacts(email, phone))
    claim = TrackedEvent(tracked.id, tracked.name, {}, {}, who, tracked.browser, tracked.path)
    commerce.add_events(claim, [("visitor.identified", body)], out)


TYPES: Final[Mapping[str, Callable[[Message, Translation], None]]] = {
    "$pageview": _row(commerce.page_viewed),
    "$screen": _screen,
    "$pageleave": _row(commerce.pinged),
    "$autocapture": _row(commerce.pinged),
    "$rageclick": _row(commerce.pinged),
    "$dead_click": _row(commerce.pinged),
    "$copy_autocapture": _row(commerce.pinged),
    "$$heatmap": _row(commerce.pinged),
    "$opt_in": _row(commerce.pinged),
    "$identify": _identify,
    "$create_alias": _alias,
    "$merge_dangerously": _merge,
    "$set": _set,
    "$groupidentify": _row(commerce.unneeded),
    "$feature_flag_called": _row(commerce.unneeded),
    "$web_vitals": _row(commerce.unneeded),
    "$exception": _row(commerce.unneeded),
    "$snapshot": _row(commerce.unneeded),
}
"""The function for each of PostHog's own names. The last five show no presence."""
