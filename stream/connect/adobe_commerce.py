"""A source of kind adobe-commerce: storefront events, which are Snowplow's, and I/O Events with orders.

Source: docs/connect.md, 1.8.
"""

import re
from typing import Any, Final

from stream.connect import snowplow
from stream.connect.adobe_orders import OBSERVERS, EventData, ended
from stream.connect.bodies import IGNORED, add_events, renamed
from stream.connect.ids import content_id, event_id, identifier
from stream.connect.reading import UNREADABLE, dig, first, is_present, mapping, parse, text
from stream.connect.request import Given, body_of
from stream.connect.source import Source
from stream.connect.translation import Translation

MARK: Final = "com.adobe.commerce."
MARKS: Final = (MARK.encode(), b'"observer.', b'"plugin.')
"""Parts of the types of I/O Events. A consumer that passes them on may leave the prefix out. No storefront event has one."""

CODE: Final = "x-adobe-event-code"
"""The header with the type of a single event. A body that is no CloudEvent has its type there alone."""

TYPE: Final = re.compile(r".*?\b(observer|plugin)\.")
TYPES: Final = ("ce-type", "ce_type")


def translate(given: Given, source: Source, now: int) -> Translation:
    done = Translation()
    if "challenge" in getattr(given, "query", {}):
        return done
    headers = {name.lower(): value for name, value in given.headers.items()}
    kind, body = first(headers, *TYPES), body_of(given)
    if kind is None and CODE not in headers and not any(mark in body for mark in MARKS):
        return snowplow.translate(given, source, now)
    document = parse(body)
    if document is UNREADABLE:
        done.refuse(0, "not_json")
    elif kind is not None:
        binary = {name[3:]: value for name, value in headers.items() if name[:3] in ("ce-", "ce_")}
        _translate_event({**binary, "data": document}, "$", source, now, done)
    else:
        for index, (path, each) in enumerate(_each(document)):
            if isinstance(each, dict):
                _translate_event(_typed(each, headers), path, source, now, done)
            else:
                done.refuse(index, "not_an_object")
    return done


def _each(document: Any) -> list[tuple[str, Any]]:
    """The events of a request: one, a list of them, or a page of the journal."""
    if isinstance(document, list):
        return [(f"$[{index}]", one) for index, one in enumerate(document)]
    page = mapping(document).get("events")
    if isinstance(page, list):
        return [(f"$.events[{index}]", one) for index, one in enumerate(page)]
    return [("$", document)]


def _typed(each: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """The event with the type and the id of its headers, if it has no type itself."""
    if (
        CODE not in headers
        or is_present(dig(each, "event", "type"))
        or is_present(each.get("type"))
    ):
        return each
    return {"event_id": headers.get("x-adobe-event-id"), **each, "type": headers[CODE]}


def _translate_event(
    given: dict[str, Any], path: str, source: Source, now: int, done: Translation
) -> None:
    """Translates an event, or one inside an envelope that names its id. The order is in `data.value`."""
    inner = mapping(given.get("event")) or given
    kind = text(inner.get("type")) or text(given.get("type")) or "unnamed"
    name = TYPE.sub("", kind, count=1)
    if renamed(source, name, kind) == "ignore":
        done.leave_out(name, IGNORED, path)
        return
    translator = OBSERVERS.get(name)
    if translator is None:
        done.leave_out(name, "unknown", path)
        return
    data = mapping(inner.get("data"))
    value = mapping(data.get("value")) or data
    who, bodies = translator(
        EventData(value, first(inner, "time") or given.get("time"), source, now)
    )
    id = _id(given, inner, value)
    add_events(done, name, id, who, bodies, path)
    done.events += ended(source, id, who, bodies, value)


def _id(given: dict[str, Any], inner: dict[str, Any], value: dict[str, Any]) -> str:
    """The id of an I/O Event. A repeat has the same one."""
    name = identifier(first(given, "event_id", "eventid") or first(inner, "event_id", "id"))
    return event_id("ad", name) if name is not None else content_id("ad", inner.get("type"), value)
