"""A source of kind snowplow: trackers' requests, enriched rows and enriched JSON.

Source: docs/connect.md, 1.5.
"""

from typing import Any

from stream.connect import adobe_storefront, snowplow_names
from stream.connect.bodies import Bodies, add_events, unknown
from stream.connect.contact import addresses_of, contact_keys, customer_id
from stream.connect.events import Who
from stream.connect.ids import identifier
from stream.connect.reading import UNREADABLE, first, mapping, parse, text
from stream.connect.request import Given, Record, Request, body_of
from stream.connect.snowplow_event import Sent, enriched, flat, tracked
from stream.connect.snowplow_events import OURS, OWN, SHOP, Translator, cart_id
from stream.connect.snowplow_row import columns
from stream.connect.source import Source
from stream.connect.translation import Translation, compact

BAD_ROWS = "com_snowplowanalytics_snowplow_badrows"
FAILURE = f"{OWN}failure"
SESSION = f"{OWN}client_session"


def translate(given: Given, source: Source, now: int) -> Translation:
    done = Translation()
    for path, sent in _sent(given, source, now, done):
        name = named(sent)
        if FAILURE in sent.entities:
            done.leave_out(name, "incomplete", path)
            continue
        bodies = _bodies(sent, name, path, source, done)
        add_events(done, name, sent.id, who(sent, source, bodies), bodies, path)
    return done


def named(sent: Sent) -> str:
    """The names of an event in a shop's table: `category/action`, the type of an action, a schema."""
    if sent.kind == "se":
        parts = text(sent.fields.get("se_category")), text(sent.fields.get("se_action"))
        return "/".join(part for part in parts if part is not None)
    if sent.kind != "ue":
        return sent.kind
    action = sent.name in (snowplow_names.ACTION, snowplow_names.GOOGLE_ACTION)
    return (text(first(sent.data, "type", "action")) if action else None) or sent.name or "ue"


def who(sent: Sent, source: Source, bodies: Bodies) -> Who:
    """The owner. The visitor has the tracker's or the app's id. A guest has an address, but is no customer.

    An order names its cart in its own field.
    """
    session, user = sent.entity(SESSION), sent.entity(f"{SHOP}user")
    known, guest = sent.fields.get("user_id"), str(user.get("is_guest")).lower() == "true"
    order = isinstance(bodies, list) and any("order" in body for _, body in bodies)
    email, phone = addresses_of(known, first(user, "email"), None)
    cart = adobe_storefront.cart_id(sent) or cart_id(sent)
    network = sent.fields.get("network_userid") if source.network_userid else None
    return Who(
        visitor=identifier(sent.fields.get("domain_userid"))
        or identifier(first(session, "userId", "user_id"))
        or identifier(network),
        customer=customer_id(known) or (None if guest else customer_id(user.get("id"))),
        keys=compact(cart=None if order else cart, **contact_keys(source, email, phone)),
        client_time=sent.client_time,
    )


def _bodies(sent: Sent, name: str, path: str, source: Source, done: Translation) -> Bodies:
    """Translates an event. The shop's own table comes first; it may name a schema without its vendor."""
    own = _renamed(source, sent, name) if source.events else None
    row = _row(sent, name) if own is None else OURS.get(own)
    return unknown(done, name, not sent.server, path) if row is None else row(sent, source)


def _renamed(source: Source, sent: Sent, name: str) -> str | None:
    """What the shop's own table says, in any spelling of a schema's name."""
    short = text(sent.fields.get("event_name")) or ""
    names = name, sent.name, *_endings(sent.name), short
    table = {flat(given): to for given, to in source.events.items()}
    return next((table[plain] for each in names if (plain := flat(each)) in table), None)


def _endings(name: str) -> list[str]:
    """The possible names of a flattened schema without its vendor, whose length is unknown."""
    parts = name.split("_")
    return ["_".join(parts[at:]) for at in range(1, len(parts))][:20]


def _row(sent: Sent, name: str) -> Translator | None:
    if sent.kind == "se":
        return adobe_storefront.EVENTS.get(name) if adobe_storefront.is_its_own(sent) else None
    if sent.kind != "ue":
        return snowplow_names.KINDS.get(sent.kind)
    if sent.name == snowplow_names.ACTION:
        return snowplow_names.ACTIONS.get(name)
    if sent.name == snowplow_names.GOOGLE_ACTION:
        return snowplow_names.GOOGLE_ACTIONS.get(name)
    return snowplow_names.SCHEMAS.get(sent.name)


Found = list[tuple[str, Sent]]


def _sent(given: Given, source: Source, now: int, done: Translation) -> Found:
    """The events of a request, each with its path."""
    if isinstance(given, Request) and not given.body.strip():
        return _checked([("$", dict(given.query))], source, now, done)
    body = body_of(given)
    if b"\t" in body and body.lstrip()[:1] != b"{":
        return _rows(body.decode("utf-8", "replace"), source, now, done)
    document = parse(body)
    if document is UNREADABLE:
        done.refuse(0, "not_json")
        return []
    if isinstance(given, Record) and "data" not in mapping(document):
        return _enriched(document, source, now, done)
    return _posted(document, source, now, done)


def _posted(document: Any, source: Source, now: int, done: Translation) -> Found:
    data = mapping(document).get("data")
    if flat(mapping(document).get("schema")).startswith(BAD_ROWS):
        done.leave_out("bad_row", "ignored")
        return []
    if isinstance(data, list):
        given = [(f"$.data[{index}]", one) for index, one in enumerate(data)]
        return _checked(given, source, now, done)
    return _enriched(document, source, now, done)


def _checked(given: list[tuple[str, Any]], source: Source, now: int, done: Translation) -> Found:
    found = []
    for index, (path, one) in enumerate(given):
        if not isinstance(one, dict):
            done.refuse(index, "not_an_object")
        elif text(one.get("e")) is None:
            done.refuse(index, "no_event")
        else:
            found.append((path, tracked(one, now, source.trust == "server")))
    return found


def _rows(body: str, source: Source, now: int, done: Translation) -> Found:
    found = []
    for index, row in enumerate(body.strip("\r\n").split("\n")):
        fields = columns(row)
        if fields is None:
            done.refuse(index, "no_row")
        else:
            found.append(
                (
                    "$" if index == 0 else f"$[{index}]",
                    enriched(fields, now, source.trust == "server"),
                )
            )
    return found


def _enriched(document: Any, source: Source, now: int, done: Translation) -> Found:
    found = []
    for index, one in enumerate(document if isinstance(document, list) else [document]):
        if not isinstance(one, dict):
            done.refuse(index, "not_an_object")
        elif text(one.get("event")) is None:
            done.refuse(index, "no_event")
        else:
            path = f"$[{index}]" if isinstance(document, list) else "$"
            found.append((path, enriched(one, now, source.trust == "server")))
    return found
