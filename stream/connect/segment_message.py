"""Reads messages of Segment and RudderStack out of a batch or a pixel. Source: docs/connect.md, 1.1."""

import re
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from stream.connect.contact import addresses_of, contact_keys, customer_id
from stream.connect.events import Who
from stream.connect.ids import content_id, event_id, identifier, names_nobody
from stream.connect.reading import dig, document_in, first, is_present, mapping, parse, text
from stream.connect.request import Given, Record, Request, body_of
from stream.connect.source import Source
from stream.connect.times import client_time, moment

PREFIX: Final = "sg"
LETTERS: Final = {
    "t": "track",
    "i": "identify",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
"""The last part of a path: how the browser's SDK shortens each type."""

SERVERS: Final = re.compile(
    r"\b(node|python|ruby|java|php|go|net|rust|clojure|elixir|http|server)\b", re.I
)
"""Parts of the names of libraries that run on servers."""

DEVICES: Final = re.compile(
    r"\b(js|javascript|android|ios|swift|kotlin|react|flutter|cordova|unity|amp|pixel|web|browser)\b",
    re.I,
)
"""Parts of the names of libraries that run on shoppers' devices."""

ORIGINS: Final = {"client": True, "server": False}
LONGEST_NAME: Final = 128
CHANNELS: Final = {
    **dict.fromkeys(("web", "browser", "client", "mobile"), True),
    **dict.fromkeys(("server", "sources"), False),
}
"""Whether a shopper's device sent what has this channel. RudderStack's cloud sources have `sources`."""

CLOCKS: Final = frozenset({"sentAt", "receivedAt", "writeKey"})
"""Fields that differ in a repeat of the same message."""


class Message(Struct, frozen=True):
    """One message and its envelope.

    `name`: its own name, else its type · `homes`: where properties of the person are · `browser`: whether a
    shopper's device sent it.
    """

    given: dict[str, Any]
    type: str
    arrival: int
    path: str
    source: Source
    name: str
    properties: dict[str, Any]
    context: dict[str, Any]
    homes: tuple[dict[str, Any], ...]
    browser: bool

    def person(self, *names: str) -> Any:
        """A property of the person: from the traits, the context's traits, or the properties."""
        for home in self.homes:
            for name in names:
                value = home.get(name)
                if value is not None and is_present(value):
                    return value
        return None


def message_of(
    given: dict[str, Any], carried: Given, now: int, path: str, source: Source
) -> Message:
    kind = type_of(given, carried)
    properties, context = mapping(given.get("properties")), mapping(given.get("context"))
    homes = given.get("traits"), context.get("traits"), properties
    return Message(
        given=given,
        type=kind,
        arrival=arrival_of(given, carried, now),
        path=path,
        source=source,
        name=_name(given, kind, properties),
        properties=properties,
        context=context,
        homes=tuple([home for home in homes if home and type(home) is dict]),
        browser=_is_browser(given, context, source),
    )


def _name(given: dict[str, Any], kind: str, properties: dict[str, Any]) -> str:
    """The message's own name, else its type. SDKs for apps send a screen's name as its event, or among its properties."""
    if kind == "track":
        return text(given.get("event")) or kind
    named = text(given.get("name"))
    if named is None and kind in NAMED:
        named = text(properties.get("name")) or text(given.get("event"))
    return named or kind


NAMED: Final = frozenset({"page", "screen"})


def document_of(given: Given) -> Any:
    """The document of a request: its body, unwrapped once if it is a string, or a pixel's parameters."""
    if isinstance(given, Request) and given.method == "GET":
        return _pixel(given.query)
    return document_in(parse(body_of(given)))


def _pixel(query: dict[str, str]) -> dict[str, Any]:
    """The message of a pixel: `properties.price=1` is the field `price` of `properties`."""
    document: dict[str, Any] = {}
    for name, value in query.items():
        *homes, last = name.split(".")[:10]
        place: Any = document
        for home in homes:
            place = place.setdefault(home, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = value
    return document


def messages_of(document: Any) -> list[tuple[str, Any]]:
    """Each message with its path. Those of a batch get its context and times."""
    batch = dig(document, "batch")
    if isinstance(document, list):
        return [(f"$[{index}]", each) for index, each in enumerate(document)]
    if not isinstance(batch, list):
        return [("$", document)]
    return [(f"$.batch[{index}]", _merged(document, each)) for index, each in enumerate(batch)]


def _merged(outer: dict[str, Any], each: Any) -> Any:
    if not isinstance(each, dict):
        return each
    shared, own, sent = outer.get("context"), each.get("context"), each.get("sentAt")
    if not shared and type(own) is dict and is_present(sent):
        return each  # there is nothing to merge
    context = {**mapping(shared), **mapping(own)}
    sent = sent if is_present(sent) else outer.get("sentAt")
    return {**each, "context": context, "sentAt": sent}


def type_of(message: dict[str, Any], given: Given) -> str:
    """The type of the message, else the last part of the path."""
    kind = text(message.get("type"))
    if kind is not None or isinstance(given, Record):
        return (kind or "").lower()
    last = given.path.rstrip("/").rpartition("/")[2].lower()
    return LETTERS.get(last, last)


def arrival_of(message: dict[str, Any], given: Given, now: int) -> int:
    """When the message arrived (ms). A message in a topic says when it was received before."""
    received = moment(message.get("receivedAt")) if isinstance(given, Record) else None
    return min(received, now) if received is not None else now


def _is_browser(given: dict[str, Any], context: dict[str, Any], source: Source) -> bool:
    """Whether a shopper's device sent it: by its channel or library, else by a page in its context.

    The libraries of cloud sources have names of their own, such as `unknown`, which say nothing.
    """
    channel = text(given.get("channel")) or text(context.get("channel"))
    said = CHANNELS.get(channel.lower()) if channel else None
    if said is None:
        library = mapping(context.get("library"))
        said = ORIGINS.get(text(library.get("eventOrigin")) or "")
        if said is None:
            said = _is_of_a_device((text(library.get("name")) or "")[:LONGEST_NAME])
    if said is not None:
        return said
    return bool(mapping(context.get("page"))) or source.trust == "browser"


@lru_cache(256)
def _is_of_a_device(library: str) -> bool | None:
    """None if the name does not say it."""
    named = library.replace("_", " ")
    if SERVERS.search(named) is not None:
        return False
    return True if DEVICES.search(named) is not None else None


def id_of(message: Message) -> str:
    name = text(message.given.get("messageId"))
    if name is not None and not names_nobody(name):
        return event_id(PREFIX, name)
    return content_id(PREFIX, {k: v for k, v in message.given.items() if k not in CLOCKS})


TOKENS: Final = {"cart_token": "cart_id", "checkout_token": "checkout_id"}
"""Parts of a context that name a cart or a checkout, and the properties that do so elsewhere."""


def joining(message: Message) -> dict[str, Any]:
    """The properties, with the tokens of the cart and the checkout that RudderStack's source for Shopify has in its context."""
    found = {TOKENS[name]: message.context[name] for name in TOKENS if name in message.context}
    return {**found, **message.properties} if found else message.properties


def managed(message: Message) -> dict[str, bool]:
    """The categories that RudderStack's SDK tells of a consent: two lists of ids. What is denied in one is denied."""
    lists = mapping(message.context.get("consentManagement"))
    given = (("allowedConsentIds", True), ("deniedConsentIds", False))
    found = {}
    for name, allowed in given:
        ids = lists.get(name)
        for each in ids if isinstance(ids, list | dict) else ():
            found[text(each) or ""] = allowed
    return found


def unquoted(value: Any) -> Any:
    """An id without quotes. Older cookies of analytics.js, which shops' servers pass on, have it as `%22…%22`."""
    if not isinstance(value, str) or not value.startswith(QUOTES):
        return value
    quoted = QUOTED.fullmatch(value)
    return value if quoted is None else quoted[1]


QUOTES: Final = ('"', "%22")
QUOTED: Final = re.compile(r"""(?:"|%22)([^"%]+)(?:"|%22)""")


def who_of(message: Message, keys: dict[str, str] | None = None) -> Who:
    """The owner. A customer id that is an e-mail address or a phone number becomes a key."""
    given, user = message.given, unquoted(message.given.get("userId"))
    address = addresses_of(user, message.person("email"), message.person("phone"))
    happened = first(given, "originalTimestamp", "timestamp")
    return Who(
        visitor=identifier(unquoted(given.get("anonymousId"))),
        customer=customer_id(user),
        keys=(keys or {}) | contact_keys(message.source, *address),
        client_time=client_time(
            message.arrival, given.get("sentAt"), happened, not message.browser
        ),
    )
