"""GA4: requests of the Measurement Protocol, and rows of the BigQuery export."""

from collections.abc import Iterator

from tests.traffic.commerce import bodies, line, thing
from tests.traffic.home import UNDATED, Document, Message, Unmapped, documents, each, name


def requests() -> Iterator[Message]:
    """Yields a message for each event of a request; events that do not map are sent as separate requests."""
    source = documents("payloads/ga4_measurement_protocol_requests.ndjson")
    for number, body in enumerate(document["body"] for document in source):
        t = body.get("timestamp_micros", UNDATED * 1000) // 1000
        who = {"visitor": body.get("client_id"), "customer": body.get("user_id")}
        for event in body.get("events") or [{}]:
            alone = {**body, "events": [event]}
            properties = event.get("params") or {}
            yield _message(f"ga4-{number}", t, alone, who, event.get("name"), properties)


def rows() -> Iterator[Message]:
    source = documents("payloads/ga4_bigquery_export_rows.ndjson")
    for number, row in enumerate(document["row"] for document in source):
        who = {"visitor": row.get("user_pseudo_id"), "customer": row.get("user_id")}
        commerce = row.get("ecommerce") or {}
        properties = {"items": row.get("items"), "transaction_id": commerce.get("transaction_id")}
        properties["value"] = commerce.get("purchase_revenue")
        t = int(row["event_timestamp"]) // 1000
        yield _message(f"bigquery-{number}", t, row, who, row.get("event_name"), properties)


def _message(
    id: str, t: int, source: Document, who: Document, verb: object, properties: Document
) -> Message:
    try:
        name(who["visitor"])
        items = [_line(item) for item in each(properties.get("items"))]
        known = {"query": properties.get("search_term"), "list": properties.get("item_list_id")}
        known |= {"order": properties.get("transaction_id"), "value": properties.get("value")}
        told_who = {key: value for key, value in who.items() if value}
        events = [
            {"id": f"{id}-{n}", **told_who, **body}
            for n, body in enumerate(bodies(name(verb), items, known))
        ]
    except Unmapped:
        events = []
    return Message(t, source, events)


def _line(item: Document) -> Document:
    looks = {"name": item.get("item_name"), "category": item.get("item_category")}
    found = thing(item.get("item_id"), item.get("price"), **looks)
    return line(found, item.get("quantity"), item.get("item_variant"))
