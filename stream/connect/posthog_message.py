"""Reads PostHog's events out of a batch or a form, with their owner and time. Source: docs/connect.md, 1.6."""

import binascii
import re
from base64 import b64decode
from typing import Any, Final

from msgspec import Struct

from stream.connect import lz_string
from stream.connect.contact import addresses_of, contact_keys, customer_id
from stream.connect.events import Who
from stream.connect.ids import content_id, event_id, identifier, names_nobody
from stream.connect.reading import UNREADABLE, dig, document_in, first, mapping, number, parse, text
from stream.connect.request import Given, Request, body_of
from stream.connect.source import Source
from stream.connect.times import EARLIEST, client_time
from stream.connect.urls import parameters

PREFIX: Final = "ph"
SERVERS: Final = re.compile(
    r"\b(node|python|ruby|java|php|go|net|dotnet|rust|rs|elixir|server)\b", re.I
)
"""Parts of the names of libraries that run on servers."""

CLOCKS: Final = frozenset({"sent_at", "offset", "api_key", "token"})
"""Fields that differ in a repeat of the same event."""


class Message(Struct, frozen=True):
    """One event, with the times when it was sent and when it arrived (ms)."""

    given: dict[str, Any]
    sent_at: Any
    arrival: int
    path: str
    source: Source

    @property
    def properties(self) -> dict[str, Any]:
        return mapping(self.given.get("properties"))

    @property
    def name(self) -> str:
        return text(self.given.get("event")) or "unnamed"

    @property
    def distinct(self) -> Any:
        return first(self.given, "distinct_id", "properties.distinct_id")

    @property
    def device(self) -> str | None:
        return identifier(self.properties.get("$device_id"))

    def person(self, name: str) -> Any:
        """A property of the person."""
        homes = ("$set", "properties.$set", "properties.$set_once", "properties")
        return first(self.given, *(f"{home}.{name}" for home in homes))


MOST: Final = 1024 * 1024
LONGEST: Final = 128 * 1024
"""Characters of old libraries' packing: at most MOST unpacked, LONGEST packed. A beacon has 64 Ki."""


def document_of(given: Given) -> Any:
    """The document of a request: JSON, or base64 or lz64 of it, by itself or in the field `data` of a form or a query."""
    body = body_of(given)
    if body.startswith(b"data="):
        return _form(parameters(body.decode("utf-8", "replace")).get("data", ""))
    if not body and isinstance(given, Request) and "data" in given.query:
        return _form(given.query["data"])
    document = parse(body)
    return _form(body.decode("utf-8", "replace").strip()) if document is UNREADABLE else document


def _form(data: str) -> Any:
    """The unpacked form. JSON begins with a bracket; if it does not, the next packing is tried."""
    if data.lstrip()[:1] in ("{", "["):
        return document_in(data)
    written = data.replace(" ", "+")
    try:
        plain = b64decode(written.encode("utf-8", "replace"), validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    if plain.lstrip()[:1] in (b"{", b"["):
        return parse(plain)
    if len(written) > LONGEST:
        return UNREADABLE
    try:
        return parse(lz_string.unpacked(written, MOST).encode())
    except lz_string.NotPacked:
        return UNREADABLE


LIBRARY: Final = "posthog-sdk-info"
SENT: Final = "posthog-request-timestamp"
"""Headers of the newer protocol: the library, and the time of sending."""


def sent_at(document: Any, given: Given) -> Any:
    """When the request was sent (ms): by its envelope (`sentAt` of the library for Python), a header, or a browser's query."""
    time = first(document, "sent_at", "sentAt") or given.headers.get(SENT)
    return given.query.get("_") if time is None and isinstance(given, Request) else time


def messages_of(document: Any, given: Given) -> list[tuple[str, Any]]:
    library = given.headers.get(LIBRARY)
    if library is None:
        return _listed(document)
    return [(path, _renewed(each, library)) for path, each in _listed(document)]


def _renewed(each: Any, library: str) -> Any:
    """An event of the newer protocol in the form of the older: its library and options become properties."""
    if not isinstance(each, dict):
        return each
    added: dict[str, Any] = {"$lib": library.partition("/")[0]}
    processed = dig(each, "options", "process_person_profile")
    if isinstance(processed, bool):
        added["$process_person_profile"] = processed
    return {**each, "properties": {**mapping(each.get("properties")), **added}}


def _listed(document: Any) -> list[tuple[str, Any]]:
    batch = dig(document, "batch")
    if isinstance(document, list):
        return [(f"$[{index}]", each) for index, each in enumerate(document)]
    if isinstance(batch, list):
        return [(f"$.batch[{index}]", each) for index, each in enumerate(batch)]
    return [("$", document)]


def is_browser(message: Message) -> bool:
    """Whether a shopper's device sent it. Without a library's name: whether it has a device id."""
    library = text(message.properties.get("$lib"))
    if message.properties.get("$is_server") is True:
        return False
    if library is not None:
        return SERVERS.search(library) is None
    return message.device is not None


def id_of(message: Message) -> str:
    name = text(first(message.given, "uuid", "properties.uuid", "properties.$insert_id"))
    if name is not None and not names_nobody(name):
        return event_id(PREFIX, name)
    return content_id(PREFIX, {k: v for k, v in message.given.items() if k not in CLOCKS})


def _visitor(message: Message, browser: bool) -> str | None:
    """The visitor: the device id, because the distinct id changes at a login. A server has none.

    Routers that send to PostHog for others leave the device out, but tell the distinct id of before the login.
    """
    if not browser:
        return None
    before = message.device or identifier(message.properties.get("$anon_distinct_id"))
    if before is not None or is_known(message, browser):
        return before
    return identifier(message.distinct)


def is_known(message: Message, browser: bool) -> bool:
    """Whether the distinct id is a customer's: the event says so, or it comes from a server that does not deny it.

    Older libraries for browsers only add the id of an identify as `$user_id`.
    """
    identified = message.properties.get("$is_identified")
    processed = message.properties.get("$process_person_profile")
    if isinstance(identified, bool):
        return identified
    if not browser:
        return processed is not False
    user = identifier(message.properties.get("$user_id"))
    return processed is True or (user is not None and user == identifier(message.distinct))


def addresses(message: Message, user: Any) -> tuple[Any, Any]:
    """(e-mail address, phone number) of the person, whose id may be one of them."""
    email = message.person("email") or message.person("$email")
    return addresses_of(user, email, message.person("phone"))


def who_of(message: Message, keys: dict[str, str] | None = None) -> Who:
    browser = is_browser(message)
    user = message.distinct if is_known(message, browser) else None
    customer = customer_id(user)
    return Who(
        visitor=_visitor(message, browser),
        customer=None if customer == message.device else customer,
        keys={**(keys or {}), **contact_keys(message.source, *addresses(message, user))},
        client_time=_client_time(message, browser),
    )


def _client_time(message: Message, browser: bool) -> int | None:
    """When it happened (ms): by the event's time and the time of sending, else by how long it waited."""
    waited = number(message.given.get("offset"))
    happened = first(message.given, "timestamp", "properties.timestamp")
    if happened is None and waited is not None and 0 <= waited <= message.arrival - EARLIEST:
        return message.arrival - int(waited)
    return client_time(message.arrival, message.sent_at, happened, not browser)
