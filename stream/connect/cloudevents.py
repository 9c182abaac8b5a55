"""CloudEvents whose data is the body of one of our events, by HTTP or in a topic. Source: docs/connect.md, 1.10 and 1.11."""

import re
from typing import Any, Final
from urllib.parse import unquote

from stream.connect.contact import (
    KEY,
    REACHES,
    addresses_of,
    contact_keys,
    contacts,
    customer_id,
    identifies,
)
from stream.connect.events import Who, event
from stream.connect.ids import content_id, event_id, identifier, names_nobody
from stream.connect.lost import LOST
from stream.connect.own import BODIES
from stream.connect.reading import (
    UNREADABLE,
    document_in,
    document_in_base64,
    first,
    is_present,
    mapping,
    parse,
    text,
)
from stream.connect.request import Given, Record, body_of
from stream.connect.source import Source
from stream.connect.times import client_time
from stream.connect.translation import Translation

PREFIX: Final = "ce"
VERSION: Final = re.compile(r"\.v[0-9]{1,3}$", re.ASCII)
"""A version at the end of a type, as in `com.example.cart.updated.v1`."""

ATTRIBUTES: Final = ("id", "source", "type", "subject", "time")


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = _document(given)
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    batch = document if isinstance(document, list) else [document]
    for index, each in enumerate(batch):
        if not isinstance(each, dict):
            out.refuse(index, "not_an_object")
            continue
        path = f"$[{index}]" if isinstance(document, list) else "$"
        _translate_event(each, path, source, now, out)
    return out


def _document(given: Given) -> Any:
    """The event in structured form. A binary event and an outbox row have their attributes in headers."""
    headers = {name.lower(): value for name, value in given.headers.items()}
    mark, read = ("ce_", str) if isinstance(given, Record) else ("ce-", unquote)
    document = parse(body_of(given)) if body_of(given).strip() else {}
    attributes = {name: read(headers.get(mark + name, "")) for name in ATTRIBUTES}
    if attributes["type"]:
        return UNREADABLE if document is UNREADABLE else {**attributes, "data": document}
    if isinstance(given, Record) and document is not UNREADABLE:
        return _outbox(given, headers, document)
    return document


def _outbox(given: Record, headers: dict[str, str], document: Any) -> Any:
    """The event of an outbox row: in the headers, as Debezium's router writes it, or in the row's columns."""
    if "eventtype" in headers:
        key = (given.key or b"").decode("utf-8", "replace")
        row = {"id": headers.get("id"), "type": headers["eventtype"], "aggregateid": key}
        data = document
    elif isinstance(document, dict) and "aggregateid" in document and "payload" in document:
        row, data = document, document["payload"]
    else:
        return document
    return {
        "id": row.get("id"),
        "source": "outbox",
        "type": row.get("type"),
        "subject": row["aggregateid"],
        "data": data,
    }


def _translate_event(
    given: dict[str, Any], path: str, source: Source, now: int, out: Translation
) -> None:
    name = text(given.get("type")) or "unnamed"
    kind = _type(name, source)
    if kind is None:
        out.leave_out(name, "ignored" if source.events.get(name) == "ignore" else "unknown", path)
        return
    data = mapping(_data(given))
    body = BODIES[kind](data, source)
    if body is None:
        out.leave_out(name, "unreadable_data", f"{path}.data")
        return
    who = _who(given, data, source, now)
    if kind == "visitor.identified":
        if body["contacts"] is None:
            body = {**body, "contacts": contacts(*addresses(data))}
        if who.customer is None and not identifies(who.keys):
            out.leave_out(name, "no_customer", path)
            return
    out.events.append(event(kind, _id(given, data), who, **body))


def addresses(data: dict[str, Any]) -> tuple[Any, Any]:
    """(e-mail address, phone number), which may be inside `contact`."""
    return first(data, "email", "contact.email"), first(data, "phone", "contact.phone")


def _type(name: str, source: Source) -> str | None:
    """Our type: by the source's table, else our own name, with or without a prefix."""
    if name in source.events:
        own = source.events[name]
        return own if own in BODIES else None
    plain = VERSION.sub("", name)
    return next((kind for kind in BODIES if plain == kind or plain.endswith(f".{kind}")), None)


def _data(given: dict[str, Any]) -> Any:
    packed = given.get("data_base64")
    return document_in_base64(packed) if isinstance(packed, str) else document_in(given.get("data"))


def _id(given: dict[str, Any], data: dict[str, Any]) -> str:
    """The event's id: of source and id together, or of the content if there is no id."""
    name, source = text(given.get("id")), text(given.get("source")) or ""
    if name is None or names_nobody(name):
        return content_id(PREFIX, source, given.get("type"), given.get("subject"), data)
    return event_id(PREFIX, source, name)


def _reported(given: dict[str, Any], read: dict[str, str]) -> dict[str, str]:
    """The keys, with the kinds of the given ones that are none, such as an address in clear."""
    none = [kind for kind in REACHES if is_present(given.get(kind)) and kind not in read]
    lost = dict.fromkeys([*read.get(LOST, "").split(), *none])
    return {**read, LOST: " ".join(lost)} if lost else read


def _who(given: dict[str, Any], data: dict[str, Any], source: Source, now: int) -> Who:
    """The owner. The subject is the visitor, unless the data names one."""
    named = data.get("visitor")
    visitor = named if is_present(named) else given.get("subject")
    user, keys = data.get("customer"), mapping(data.get("keys"))
    email, phone = addresses_of(user, *addresses(data))
    given_keys = {
        name: identifier(keys.get(name)) for name in ("cart", "checkout", "email", "phone")
    }
    clean = {
        name: key
        for name, key in given_keys.items()
        if key is not None and (name in ("cart", "checkout") or KEY.fullmatch(key))
    }
    happened = given.get("time") if is_present(given.get("time")) else data.get("client_time")
    return Who(
        visitor=identifier(visitor),
        customer=customer_id(user),
        keys=_reported(keys, {**clean, **contact_keys(source, email, phone)}),
        client_time=client_time(now, None, happened, source.trust == "server"),
    )
