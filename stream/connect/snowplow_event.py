"""One event of Snowplow in its four forms: tracker protocol, query, enriched row, enriched JSON.

Source: docs/connect.md, 1.5.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from stream.connect.ids import content_id, event_id, identifier
from stream.connect.reading import document_in, first, is_present, listing, mapping, parse, text
from stream.connect.times import client_time, moment

NAMES: Final = {
    "eid": "event_id",
    "duid": "domain_userid",
    "nuid": "network_userid",
    "uid": "user_id",
    "p": "platform",
    "url": "page_url",
    "page": "page_title",
    "dtm": "dvce_created_tstamp",
    "stm": "dvce_sent_tstamp",
    "ttm": "true_tstamp",
    "se_ca": "se_category",
    "se_ac": "se_action",
    "se_la": "se_label",
    "se_pr": "se_property",
    "se_va": "se_value",
    "tr_id": "tr_orderid",
    "tr_tt": "tr_total",
    "tr_cu": "tr_currency",
}
"""Parameters of the tracker protocol, and the columns of the enriched row that they become."""

KINDS: Final = {
    "page_view": "pv",
    "page_ping": "pp",
    "struct": "se",
    "unstruct": "ue",
    "transaction": "tr",
    "transaction_item": "ti",
}
CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
PLAIN: Final = re.compile(r"[^a-z0-9]+")
VERSION: Final = re.compile(r"_[0-9]+(_[0-9]+_[0-9]+)?$")
CONTEXTS: Final = "contexts_"
SAID: Final = "unstruct_event_"


class Sent(Struct, frozen=True, kw_only=True):
    """One event. Its `name` and those of `entities` are schemas without version: `com_acme_wishlist_add`.

    `server`: a server sent it, not a shopper's device.
    """

    kind: str
    id: str
    fields: dict[str, Any]
    name: str = ""
    data: dict[str, Any] = {}
    entities: dict[str, list[dict[str, Any]]] = {}
    client_time: int | None = None
    server: bool = False

    def entity(self, name: str) -> dict[str, Any]:
        return next(iter(self.entities.get(name, ())), {})


def tracked(given: dict[str, Any], now: int, trusted: bool) -> Sent:
    """An event as a tracker sends it. Each sending has another `stm`, so no id may depend on it."""
    fields = {NAMES.get(name, name): value for name, value in given.items()}
    server = _of_a_server(fields, trusted)
    lasting = {name: value for name, value in given.items() if name != "stm"}
    name, data = _described(_embedded(given, "ue_pr", "ue_px"))
    created = fields.get("dvce_created_tstamp")
    return Sent(
        kind=text(given.get("e")) or "",
        id=_id(fields, lasting),
        fields=fields,
        name=name,
        data=data,
        entities=_entities(_embedded(given, "co", "cx")),
        client_time=client_time(now, fields.get("dvce_sent_tstamp"), created, server),
        server=server,
    )


PLATFORMS: Final = {"srv": True, "web": False, "mob": False}
"""Whether a server sent it. Trackers give their other platforms, such as `pc`, to both."""


def _of_a_server(fields: dict[str, Any], trusted: bool) -> bool:
    """Whether a server sent the event: by its platform, else by the trust in its source."""
    return PLATFORMS.get(text(fields.get("platform")) or "", trusted)


def enriched(fields: dict[str, Any], now: int, trusted: bool) -> Sent:
    """An event of the enriched stream: a row by its columns, or its JSON form."""
    kind = text(fields.get("event")) or ""
    name, data = _described(_document(fields.get("unstruct_event")))
    entities = _entities(_document(fields.get("contexts")))
    entities |= _entities(_document(fields.get("derived_contexts")))
    for column, value in fields.items():
        if column.startswith(SAID) and not name and is_present(value):
            name, data = _unversioned(column, SAID), mapping(_document(value))
        elif column.startswith(CONTEXTS):
            found = _mappings(_document(value))
            entities |= {_unversioned(column, CONTEXTS): found} if found else {}
    return Sent(
        kind=KINDS.get(kind, kind),
        id=_id(fields, fields),
        fields=fields,
        name=name or _unnamed(fields),
        data=data,
        entities=entities,
        client_time=_derived(fields, now),
        server=_of_a_server(fields, trusted),
    )


def flat(schema: Any) -> str:
    """`iglu:com.acme/wishlist_add/jsonschema/1-0-0` → `com_acme_wishlist_add`."""
    parts = (text(schema) or "").removeprefix("iglu:").split("/")
    return _plain("_".join(parts[:2]))


def _id(fields: dict[str, Any], contents: dict[str, Any]) -> str:
    """The event's id. Several visitors may share one: duplicates are only looked for within a visitor."""
    name = identifier(fields.get("event_id"))
    return event_id("sp", name) if name is not None else content_id("sp", contents)


def _derived(fields: dict[str, Any], now: int) -> int | None:
    """When it happened (ms): the collector's time minus how long the event waited on its device."""
    if is_present(fields.get("derived_tstamp")):
        return client_time(now, None, fields["derived_tstamp"], server=True)
    arrived = moment(fields.get("collector_tstamp"))
    times = fields.get("dvce_sent_tstamp"), fields.get("dvce_created_tstamp")
    return client_time(min(arrived, now), *times) if arrived is not None else None


def _embedded(given: dict[str, Any], plain: str, packed: str) -> Any:
    value = first(given, plain)
    return _document(value if value is not None else _unpacked(given.get(packed)))


def _unpacked(value: Any) -> bytes:
    written = value if isinstance(value, str) else ""
    try:
        standard = written.replace("-", "+").replace("_", "/").replace(" ", "+").rstrip("=")
        return base64.b64decode(standard + "=" * (-len(standard) % 4))
    except (binascii.Error, ValueError):
        return b""


def _document(value: Any) -> Any:
    """The JSON document in a string or in bytes."""
    return parse(value) if isinstance(value, bytes) else document_in(value)


def _described(outer: Any) -> tuple[str, dict[str, Any]]:
    """Name and data of a self-describing event, which is wrapped in another one."""
    inner = mapping(mapping(outer).get("data"))
    return flat(inner.get("schema")), mapping(inner.get("data"))


def _entities(outer: Any) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in _mappings(mapping(outer).get("data")):
        if isinstance(one.get("data"), dict):
            found.setdefault(flat(one.get("schema")), []).append(one["data"])
    return found


def _unversioned(column: str, prefix: str) -> str:
    return VERSION.sub("", _plain(column.removeprefix(prefix)))


@lru_cache(1_024)
def _plain(name: str) -> str:
    """The column of a name: `actionFieldObject` is `action_field_object`."""
    return PLAIN.sub("_", CAMEL.sub("_", name).lower())


def _unnamed(fields: dict[str, Any]) -> str:
    vendor, name = text(fields.get("event_vendor")), text(fields.get("event_name"))
    return flat(f"{vendor}/{name}") if vendor is not None and name is not None else ""


def _mappings(value: Any) -> list[dict[str, Any]]:
    given = [value] if isinstance(value, dict) else listing(value)
    return [one for one in given if isinstance(one, dict)]
