"""Hits of GA4 in its four forms: tags, the Measurement Protocol, rows of the BigQuery export, JSON of a server container.

Source: docs/connect.md, 1.2.
"""

import base64
import binascii
import re
from typing import Any, Final

from msgspec import Struct

from stream.connect.ids import content_id
from stream.connect.reading import (
    dig,
    document_in,
    first,
    is_present,
    listing,
    mapping,
    text,
)
from stream.connect.request import Request
from stream.connect.times import client_time
from stream.connect.urls import parameters

PARAMETERS: Final = {"dl": "page_location", "dt": "page_title", "cu": "currency"}
ITEM_PARTS: Final = {
    "id": "item_id",
    "nm": "item_name",
    "ca": "item_category",
    "ln": "item_list_name",
    "va": "item_variant",
    "pr": "price",
    "qt": "quantity",
}
ITEM: Final = re.compile(r"pr([0-9]{1,3})", re.ASCII)
PART: Final = re.compile(r"(?:[^~]|~~)+")
OWN: Final = re.compile(r"[0-9A-Z]")
VALUES: Final = ("string_value", "int_value", "float_value", "double_value")
ROW: Final = ("event_timestamp", "event_name", "event_bundle_sequence_id", "batch_event_index")
"""The columns that, with its parameters and items, identify a row among those of its visitor."""


class Hit(Struct, frozen=True, kw_only=True):
    """One event. `denied`: the visitor did not consent to analytics, so its id is random."""

    name: str
    id: str
    params: dict[str, Any] = {}
    items: list[dict[str, Any]] = []
    visitor: Any = None
    user: Any = None
    client_time: int | None = None
    browser: bool = True
    denied: bool = False
    path: str = "$"

    def given(self, *names: str) -> Any:
        """What the shop knows of the user: in an object, or among the parameters with a prefix. Of several it is the first."""
        known = self.params.get("user_data")
        known = known if isinstance(known, dict) else {}
        found = first(known, *names)
        for name in names:
            found = self.params.get(f"user_data.{name}") if found is None else found
        return next(iter(found), None) if isinstance(found, list) else found


def collected(request: Request) -> list[Hit]:
    """The hits of a tag. The query holds shared parameters, each line of the body an event."""
    shared = unwrapped(request.query)
    lines = request.body.decode("utf-8", "replace").splitlines()
    hits = [{**shared, **parameters(line)} for line in lines if line.strip()] or [shared]
    paths = ["$"] if len(hits) == 1 else [f"$[{index}]" for index in range(len(hits))]
    return [
        _of_a_tag(index, each, path)
        for index, (each, path) in enumerate(zip(hits, paths, strict=True))
        if is_present(each.get("en"))
    ]


def unwrapped(query: dict[str, str]) -> dict[str, str]:
    """The query. A loader may have packed all of it into one parameter."""
    if "v" in query or "en" in query:
        return query
    for value in query.values():
        packed = _unpacked(value)
        if "collect?" in packed:
            return parameters(packed.partition("?")[2])
    return query


def _unpacked(value: str) -> str:
    try:
        padded = value.replace(" ", "+") + "=" * (-len(value) % 4)
        return base64.b64decode(padded, altchars=b"-_" if "_" in value else None).decode()
    except (binascii.Error, ValueError):
        return ""


def _of_a_tag(index: int, given: dict[str, str], path: str) -> Hit:
    names = ("tid", "cid", "_p", "_s")
    return Hit(
        name=text(given.get("en")) or "",
        id=content_id("ga", *(given.get(name) for name in names), index, given),
        params=_params(given),
        items=_items(given),
        visitor=given.get("cid"),
        user=given.get("uid"),
        denied=_is_denied(given.get("gcs", "")),
        path=path,
    )


def _params(given: dict[str, str]) -> dict[str, Any]:
    standard = {PARAMETERS[name]: value for name, value in given.items() if name in PARAMETERS}
    own = {
        name.partition(".")[2]: value
        for name, value in given.items()
        if name.startswith(("ep.", "epn."))
    }
    return {**standard, **own}


def _items(given: dict[str, str]) -> list[dict[str, Any]]:
    numbered = [
        (int(at[1]), value)
        for name, value in given.items()
        if name.startswith("pr") and (at := ITEM.fullmatch(name))
    ]
    return [_item(value) for _, value in sorted(numbered)]


def _item(packed: str) -> dict[str, Any]:
    """An item like `idSKU~nmName~pr9.90`: two letters name a part. `k0…~v0…` to `kG…~vG…` are the shop's own parts.

    gtag writes `~~` for a `~` in a value.
    """
    found = (part.replace("~~", "~") for part in PART.findall(packed))
    parts = {part[:2]: part[2:] for part in found}
    own = {key[1:]: value for key, value in parts.items() if key[:1] == "k"}
    custom = {name: parts.get(f"v{at}") for at, name in own.items() if OWN.fullmatch(at)}
    return {**custom, **{ITEM_PARTS[key]: at for key, at in parts.items() if key in ITEM_PARTS}}


def measured(document: dict[str, Any], stream: str | None, now: int) -> list[Hit]:
    """The hits of a Measurement Protocol request. A server's repeat has the same body."""
    base = content_id("ga", stream, document)
    sent = document.get("timestamp_micros")
    return [
        Hit(
            name=text(one.get("name")) or "",
            id=f"{base}:{index}",
            params=mapping(one.get("params")),
            items=_items_in(mapping(one.get("params"))),
            visitor=first(document, "client_id", "app_instance_id"),
            user=document.get("user_id"),
            client_time=client_time(now, None, one.get("timestamp_micros") or sent, server=True),
            browser=False,
            path=f"$.events[{index}]",
        )
        for index, one in enumerate(_one_or_several(document.get("events")))
        if isinstance(one, dict)
    ]


def relayed(event: dict[str, Any]) -> Hit:
    """The hit of an event that a server container sends on as JSON: its parameters lie side by side, or in `ecommerce`."""
    params = {**mapping(event.get("ecommerce")), **event}
    return Hit(
        name=text(event.get("event_name")) or "",
        id=content_id("ga", event),
        params=params,
        items=_items_in(params),
        visitor=event.get("client_id"),
        user=event.get("user_id"),
        denied=_is_denied(text(event.get("x-ga-gcs")) or "")
        or dig(event, "consent_state", "analytics_storage") in DENIED,
    )


DENIED: Final = (False, "denied")
"""How a container tells a consent that was not given, in an object of consents by their names."""


def _is_denied(consent: str) -> bool:
    """Whether a consent such as `G100` denies analytics."""
    return consent.startswith("G1") and consent[3:4] == "0"


def exported(row: dict[str, Any], now: int) -> Hit:
    """The hit of a row of the BigQuery export."""
    params = _flat(row.get("event_params"))
    sale = mapping(row.get("ecommerce"))
    merged = {
        "value": first(sale, "purchase_revenue"),
        "transaction_id": sale.get("transaction_id"),
        **{name: value for name, value in params.items() if is_present(value)},
    }
    visitor = first(row, "user_pseudo_id", "app_instance_id")
    unique = [row.get("stream_id"), visitor, *(row.get(name) for name in ROW)]
    return Hit(
        name=text(row.get("event_name")) or "",
        id=content_id("ga", *unique, row.get("event_params"), row.get("items")),
        params=_set(merged),
        items=[_set(one) for one in _mappings(row.get("items"))],
        visitor=visitor,
        user=row.get("user_id"),
        client_time=client_time(now, None, row.get("event_timestamp"), server=True),
        denied=str(dig(row, "privacy_info", "analytics_storage")).lower() == "no",
    )


def _set(values: dict[str, Any]) -> dict[str, Any]:
    """The values without those that the export writes for what is missing, or what it hides."""
    return {name: value for name, value in values.items() if value not in HIDDEN}


HIDDEN: Final = ("(not set)", "(data deleted)", "<Other>")


def _flat(params: Any) -> dict[str, Any]:
    if isinstance(params, dict):
        return params
    return {str(one.get("key")): first(one.get("value"), *VALUES) for one in _mappings(params)}


def _items_in(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of an event. A container's tag may send them as JSON."""
    return _mappings(_one_or_several(document_in(params.get("items"))))


def _one_or_several(value: Any) -> list[Any]:
    return [value] if isinstance(value, dict) else listing(value)


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in listing(value) if isinstance(one, dict)]
