"""Segment and RudderStack: what each type of message becomes. Source: docs/connect.md, 1.1."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import structs

from stream.connect import commerce, commerce_names, items
from stream.connect.commerce import Said
from stream.connect.consent import changes
from stream.connect.contact import contacts, identifies
from stream.connect.events import Who
from stream.connect.ids import identifier
from stream.connect.reading import UNREADABLE, first, mapping, text, words
from stream.connect.request import Given
from stream.connect.segment_message import (
    Message,
    document_of,
    id_of,
    message_of,
    messages_of,
    who_of,
)
from stream.connect.source import Source
from stream.connect.telling import renamed
from stream.connect.translation import Translation, compact


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
        tell = TYPES.get(message.type, _unknown_type)
        tell(message, out)
    return out


def _said(message: Message, order: bool = False) -> Said:
    return Said(
        id=id_of(message),
        name=message.name,
        properties=message.properties,
        page=mapping(message.context.get("page")),
        who=who_of(message, commerce.keys_of(message.properties, order)),
        browser=message.browser,
        path=message.path,
    )


def _track(message: Message, out: Translation) -> None:
    if words(message.name).startswith(("consent", "segment consent")):
        return _consent(message, out)
    told = renamed(message.source, message.name)
    if told is not None and told in PEOPLE:
        return PEOPLE[told](message, out)
    row = commerce_names.row_of(message.name, message.source)
    said = _said(message, order=row is commerce.order_placed)
    return commerce.tell(said, row(said, message.source, out), out)


def _page(message: Message, out: Translation) -> None:
    """The category of a page stands beside its properties."""
    said = _said(message)
    category = text(message.given.get("category"))
    if category is not None and "category" not in said.properties:
        said = structs.replace(said, properties={**said.properties, "category": category})
    commerce.tell(said, commerce.page_viewed(said, message.source, out), out)


def _screen(message: Message, out: Translation) -> None:
    """A screen, which is a page if it has a name."""
    return _page(message, out) if message.name != "screen" else _presence(message, out)


def _presence(message: Message, out: Translation) -> None:
    said = _said(message)
    commerce.tell(said, commerce.pinged(said, message.source, out), out)


def _identify(message: Message, out: Translation) -> None:
    said = _said(message)
    known = said.who.customer is not None or identifies(said.who.keys)
    if not known:
        commerce.nothing(said, out, "no_customer")
    body = compact(
        contacts=contacts(message.person("email"), message.person("phone")),
        traits=items.traits(
            message.person("orders_count"), message.person("total_spent", "lifetime_value")
        ),
        time_zone=text(message.context.get("timezone")),
    )
    identified = [("visitor.identified", body)] if known else []
    commerce.tell(said, [*identified, *_changes(message)], out)


def _alias(message: Message, out: Translation) -> None:
    """An alias: the visitor `previousId` is the customer `userId`."""
    said, previous = _said(message), identifier(message.given.get("previousId"))
    if previous is None or said.who.customer is None:
        commerce.nothing(said, out, "no_customer")
        return
    who = Who(visitor=previous, customer=said.who.customer, client_time=said.who.client_time)
    commerce.tell(
        Said(said.id, said.name, {}, {}, who, said.browser, said.path),
        [("visitor.identified", {})],
        out,
    )


def _consent(message: Message, out: Translation) -> None:
    said, told = _said(message), _changes(message)
    commerce.tell(said, told or commerce.nothing(said, out, "unknown_consent"), out)


def _changes(message: Message) -> list[commerce.Body]:
    homes = (
        "properties.categoryPreferences",
        "context.consent.categoryPreferences",
        "properties.consent.categoryPreferences",
    )
    return changes(message.source, mapping(first(message.given, *homes)))


def _unknown_type(message: Message, out: Translation) -> None:
    out.leave_out(message.type, "unknown_type", message.path)


PEOPLE: Final[Mapping[str, Callable[[Message, Translation], None]]] = {
    "visitor.identified": _identify,
    "consent.changed": _consent,
}
"""What else than the specification's names the shop's own table may name."""

TYPES: Final[Mapping[str, Callable[[Message, Translation], None]]] = {
    "track": _track,
    "page": _page,
    "screen": _screen,
    "identify": _identify,
    "alias": _alias,
    "group": _presence,
}
