"""Translates stored payloads of routers and shops, many odd on purpose."""

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

import schemas
from stream.connect.registry import translate
from stream.connect.request import Given, Record, Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.home import Document, documents, present, rows

pytestmark = present

NOW = 1_795_957_368_734
"""Sun 29 Nov 2026 13:02 UTC."""


def segment(message: Document) -> Given:
    return Request("/v1/batch", body=json.dumps({"batch": [message["message"]]}).encode())


def protocol(message: Document) -> Given:
    query = {name: str(value) for name, value in (message.get("params") or {}).items()}
    return Request("/mp/collect", query, body=json.dumps(message["body"]).encode())


def exported(message: Document) -> Given:
    return Record(json.dumps(message["row"]).encode())


def webhook(message: Document) -> Given:
    """The webhook of an app that has the topic in the address."""
    hook = message["webhook"]
    topics = hook.get("query_parameters", {}).get("topic") or [""]
    return Request("/", {"topic": topics[0]}, body=json.dumps(hook).encode())


def enriched(row: Document) -> Given:
    return Record(json.dumps({name: value for name, value in row.items() if value}).encode())


Stored = Callable[[], Iterator[Given]]


def of(file: str, kind: Callable[[Document], Given]) -> Stored:
    return lambda: map(kind, documents(f"payloads/{file}.ndjson"))


PAYLOADS: dict[str, tuple[str, Stored, str]] = {
    "segment": (
        "segment",
        of("segment_spec_messages", segment),
        """activity.pinged 63, cart.item_added 9, search.performed 2, cart.updated 2, order.placed 2,
        product.viewed 1, cart.item_removed 1, checkout.started 1, checkout.advanced 1, order.cancelled 1""",
    ),
    "measurement protocol": (
        "ga4",
        of("ga4_measurement_protocol_requests", protocol),
        """cart.item_added 9, activity.pinged 8, visitor.identified 4, page.viewed 3, checkout.advanced 2,
        search.performed 2, cart.updated 2, order.placed 2, category.viewed 1, product.viewed 1,
        cart.item_removed 1, checkout.started 1, order.cancelled 1""",
    ),
    "export": (
        "ga4",
        of("ga4_bigquery_export_rows", exported),
        "page.viewed 5, activity.pinged 5, order.placed 4",
    ),
    "shopify": (
        "shopify",
        of("shopify_webhooks", webhook),
        "cart.updated 7, checkout.started 2, visitor.identified 1, order.placed 1",
    ),
    "snowplow": (
        "snowplow",
        lambda: map(enriched, rows("payloads/snowplow_ecommerce_atomic_events.csv.gz")),
        """product.viewed 179, category.viewed 100, cart.item_added 49, checkout.advanced 39,
        activity.pinged 447, checkout.started 19, cart.item_removed 15, order.placed 14""",
    ),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_stored_payloads_become_valid_events_without_addresses(name: str) -> None:
    kind, stored, wanted = PAYLOADS[name]
    source = Source(name="shop", kind=kind, trust="server", key_of=key_of)
    found: Counter[str] = Counter()
    for given in stored():
        for event in translate(kind, given, source, NOW).events:
            assert schemas.fault(event) is None
            assert "@" not in json.dumps(event)
            found[event["type"]] += 1
    expected = (part.split() for part in wanted.split(","))
    assert found == {type: int(count) for type, count in expected}
