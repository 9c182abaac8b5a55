"""A source of kind ga4: hits of tags, the Measurement Protocol, rows of the BigQuery export, JSON of a server container.

Source: docs/connect.md, 1.2.
"""

from typing import Any

from stream.connect import ga4_events
from stream.connect.bodies import Bodies, add_events, renamed, unknown
from stream.connect.contact import addresses_of, contact_keys, customer_id
from stream.connect.events import Who
from stream.connect.ga4_hits import Hit, collected, exported, measured, relayed
from stream.connect.ids import client_of, identifier
from stream.connect.reading import UNREADABLE, first, parse
from stream.connect.request import Given, Record, Request
from stream.connect.source import Source
from stream.connect.translation import Translation, compact
from stream.connect.urls import parameters


def translate(given: Given, source: Source, now: int) -> Translation:
    done = Translation()
    for hit in _hits(given, now, done):
        if hit.denied:
            done.leave_out(hit.name, "consent_denied", hit.path)
        else:
            bodies = _bodies(hit, source, done)
            add_events(done, hit.name, hit.id, who(hit, source, bodies), bodies, hit.path)
    return done


def who(hit: Hit, source: Source, bodies: Bodies) -> Who:
    """The owner of a hit. A user id that is an address becomes a key, and so do the addresses of enhanced conversions.

    An order names its cart in its own field.
    """
    order = isinstance(bodies, list) and any(kind.startswith("order.") for kind, _ in bodies)
    email, phone = hit.given("email_address", "email"), hit.given("phone_number", "phone")
    named = {
        "cart": None if order else ga4_events.cart_of(hit),
        "checkout": identifier(hit.params.get("checkout_id")),
    }
    return Who(
        visitor=identifier(client_of(hit.visitor)),
        customer=customer_id(hit.user),
        keys=compact(**named, **contact_keys(source, *addresses_of(hit.user, email, phone))),
        client_time=hit.client_time,
    )


def _bodies(hit: Hit, source: Source, done: Translation) -> Bodies:
    own = renamed(source, hit.name)
    known = ga4_events.EVENTS.get(hit.name) if own is None else ga4_events.OURS.get(own)
    return unknown(done, hit.name, hit.browser, hit.path) if known is None else known(hit, source)


def _hits(given: Given, now: int, done: Translation) -> list[Hit]:
    if isinstance(given, Record):
        return _of_bytes(given.value, None, now, done)
    if given.path.rstrip("/").endswith("/mp/collect"):
        stream = first(given.query, "measurement_id", "firebase_app_id")
        return _of_bytes(given.body, stream, now, done)
    if given.body.lstrip()[:1] in (b"{", b"["):
        return _of_bytes(given.body, None, now, done)
    return _of_a_tag(given, done)


def _of_a_tag(request: Request, done: Translation) -> list[Hit]:
    hits = collected(request)
    if not hits:
        done.refuse(0, "no_event")
    return hits


def _of_bytes(body: bytes, stream: str | None, now: int, done: Translation) -> list[Hit]:
    """The hits of a record: a document, a list of documents, or a tag's hit as it came."""
    document = parse(body)
    if document is UNREADABLE and b"en=" in body:
        query = body.decode("utf-8", "replace").rpartition("?")[2]
        return _of_a_tag(Request("", parameters(query)), done)
    documents = document if isinstance(document, list) else [document]
    return [
        hit
        for index, one in enumerate(documents)
        for hit in _of_a_document(one, index, stream, now, done)
    ]


def _of_a_document(
    one: Any, index: int, stream: str | None, now: int, done: Translation
) -> list[Hit]:
    if isinstance(one, dict) and isinstance(one.get("events"), (list, dict)):
        return measured(one, stream, now)
    row = one.get("row", one) if isinstance(one, dict) else None
    if isinstance(row, dict) and isinstance(row.get("event_name"), str):
        is_relayed = "client_id" in row and "event_params" not in row
        return [relayed(row) if is_relayed else exported(row, now)]
    done.refuse(index, "not_json" if one is UNREADABLE else "no_event")
    return []
