"""Settings of a bridge, values with a schema prefix, and the content of dead letters."""

import importlib.util
import json
from base64 import b64decode
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agents.bridge.settings import BridgeSettings
from agents.bridge.translating import Arrived, Letter, bridged, kept
from agents.bridge.values import HEADER, Undecodable, avro, framed, unwrapped, written
from agents.config.settings import SettingsError
from stream.connect import registry
from stream.connect.registry import REGISTRY
from stream.connect.source import Source
from stream.connect.translation import Translation

PEPPER = "p" * 32


def settings(folder: Path, sources: object = None, **env: str) -> BridgeSettings:
    file = folder / "sources.yaml"
    source_fields = {"name": "web", "kind": "segment", "topics": ["segment", "rudder"]}
    file.write_text(json.dumps({"sources": [source_fields] if sources is None else sources}))
    given = {"TRIGGERS_KAFKA": "k:1", "TRIGGERS_SOURCES": str(file), **env}
    return BridgeSettings.read({name: value for name, value in given.items() if value})


def fault(folder: Path, sources: object = None, **env: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(folder, sources, **env)
    return str(caught.value)


def test_each_topic_has_its_source(tmp_path: Path) -> None:
    found = settings(tmp_path, TRIGGERS_PREFIX="eu.")
    assert {topic: source.name for topic, source in found.topics.items()} == {
        "segment": "web",
        "rudder": "web",
    }
    assert (found.group, found.start_ms, found.registry) == ("eu.bridge", 600_000, None)


def test_a_signed_kind_needs_no_secret_in_a_topic(tmp_path: Path) -> None:
    shop = {"name": "shop", "kind": "shopify", "topics": ["shopify"]}
    assert settings(tmp_path, [shop], TRIGGERS_IDENTITY_PEPPER=PEPPER).topics["shopify"].trust == (
        "server"
    )


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    source_fields = fault(
        tmp_path, TRIGGERS_BRIDGE_START="soon", TRIGGERS_SCHEMA_REGISTRY="ftp://u:pw@r"
    )
    assert "TRIGGERS_BRIDGE_START: expected a duration" in source_fields
    assert "TRIGGERS_SCHEMA_REGISTRY: expected a URL" in source_fields
    assert "pw" not in source_fields
    assert "TRIGGERS_SOURCES is not set" in fault(tmp_path, TRIGGERS_SOURCES="")
    assert "TRIGGERS_BRIDGE_GRUOP is not a setting" in fault(tmp_path, TRIGGERS_BRIDGE_GRUOP="x")


def test_a_file_without_topics_is_nothing_to_read(tmp_path: Path) -> None:
    assert "no source has `topics`" in fault(tmp_path, [{"name": "web", "kind": "segment"}])


def test_a_topic_has_one_source(tmp_path: Path) -> None:
    twice = [{"name": name, "kind": "segment", "topics": ["t"]} for name in ("a", "b")]
    assert "one of them is a source's before this: a's" in fault(tmp_path, twice)


def test_a_bridge_cannot_read_the_topic_that_it_writes(tmp_path: Path) -> None:
    ours = [{"name": "web", "kind": "segment", "topics": ["eu.storefront.events"]}]
    assert "expected other topics than" in fault(tmp_path, ours, TRIGGERS_PREFIX="eu.")


def test_addresses_need_a_pepper(tmp_path: Path) -> None:
    shop = [{"name": "shop", "kind": "commercetools", "topics": ["ct"]}]
    assert "TRIGGERS_IDENTITY_PEPPER is not set" in fault(tmp_path, shop)


def test_a_frame_names_the_schema() -> None:
    assert framed(b"\0\0\0\1\2abc", {}) == ("ids/258", b"abc")
    guid = bytes(range(16))
    found = framed(b"abc", {HEADER: b"\1" + guid})
    assert found == ("guids/00010203-0405-0607-0809-0a0b0c0d0e0f", b"abc")
    assert framed(b"abc", {HEADER: b"\0\0\0\0\7"}) == ("ids/7", b"abc")
    assert framed(b'{"a": 1}', {}) is None


@pytest.mark.parametrize("value", [b"\0", b"\0\0\0\1"])
def test_a_truncated_frame_is_undecodable(value: bytes) -> None:
    with pytest.raises(Undecodable, match="unknown_schema"):
        framed(value, {})
    with pytest.raises(Undecodable, match="unknown_schema"):
        framed(b"{}", {HEADER: value})


WRITTEN = {
    "avro": ("AAAAAQIKdHJhY2sCDg==", {}),
    "avro, named in a header": (
        "CnRyYWNrAg4=",
        {HEADER: b64decode("AQAAAAAAAAAAAAAAAAAAAAU=")},
    ),
    "json": ("AAAAAQJ7InR5cGUiOiJ0cmFjayIsIm4iOjd9", {}),
}
"""One document, serialized by confluent-kafka 2.16.1."""

TRACK = {
    "type": "record",
    "name": "T",
    "fields": [{"name": "type", "type": "string"}, {"name": "n", "type": ["null", "long"]}],
}


@pytest.mark.parametrize("format", WRITTEN)
def test_a_value_of_confluents_client_is_read(format: str) -> None:
    value, headers = WRITTEN[format]
    found = framed(b64decode(value), headers)
    assert found is not None
    assert found.address in ("ids/258", "guids/00000000-0000-0000-0000-000000000005")
    read = found.payload if format == "json" else written(avro(TRACK, {})(found.payload))
    assert read == b'{"type":"track","n":7}'


ORDER = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {
            "name": "total",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        },
        {"name": "hash", "type": "bytes"},
        {"name": "who", "type": ["null", "string"]},
    ],
}


def packed(schema: Any, document: Any) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), document)
    return stream.getvalue()


def test_avro_types_without_json_form_are_written_as_text() -> None:
    document = {
        "at": datetime(2026, 1, 5, tzinfo=UTC),
        "day": date(2026, 1, 5),
        "total": Decimal("12.30"),
        "hash": b"\0\xff",
        "who": None,
    }
    found = written(avro(ORDER, {})(packed(ORDER, document)))
    assert json.loads(found) == {
        "at": "2026-01-05T00:00:00+00:00",
        "day": "2026-01-05",
        "total": "12.30",
        "hash": "AP8=",
        "who": None,
    }


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [("0", 9, "0.000000000"), ("0.00000001", 9, "0.000000010"), ("1200", 0, "1200")],
)
def test_a_decimal_is_written_without_an_exponent(value: str, scale: int, text: str) -> None:
    """BigQuery's and Spark's amounts have nine digits: a zero of them is 0E-9 in Python."""
    amount = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": scale}
    read = avro(amount, {})(packed(amount, Decimal(value)))
    assert written({"total": read}) == b'{"total":"%s"}' % text.encode()


@pytest.mark.parametrize("default", [None, "", 7, []])
def test_a_default_of_a_wrong_type_costs_nothing(default: object) -> None:
    """Only a reader needs defaults, and registries keep schemas of old clients that checked none."""
    field = {"name": "type", "type": "string", "default": default}
    schema = {"type": "record", "name": "T", "fields": [field]}
    assert avro(schema, {})(b"\x02a") == {"type": "a"}


@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40))
def test_bytes_that_do_not_fit_the_schema_are_undecodable(payload: bytes) -> None:
    try:
        found = avro(ORDER, {})(payload)
    except Undecodable:
        return
    fields: Any = ORDER["fields"]
    assert found.keys() == {field["name"] for field in fields}


@pytest.mark.parametrize("schema", [{"type": "recrod"}, {"type": "record"}, 7, "Unknown", None])
def test_an_invalid_schema_is_undecodable(schema: Any) -> None:
    with pytest.raises(Undecodable, match="unknown_schema"):
        avro(schema, {})(b"")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"schema": {"type": "struct"}, "payload": {"a": 1}}', b'{"a":1}'),
        (b'{"schema": null, "payload": "{\\"a\\": 1}"}', b'{"a": 1}'),
        (b'"{\\"a\\": 1}"', b'{"a": 1}'),
        (b'{"key": null, "value": "{\\"a\\": 1}"}', b'{"a": 1}'),
        (b'{"value": {"a": 1}, "topic": "t", "offset": 7}', b'{"a":1}'),
        (b'{"value": 9.9, "topic": "t"}', None),
        (b'{"value": "9.9", "currency": "EUR"}', None),
        (b'{"schema": "iglu:x", "payload": 1, "more": 2}', None),
        (b'{"a": 1}', None),
        (b'"', None),
        (b'{"schema": "payload"', None),
        (b"", None),
        (b"a\tb", None),
    ],
)
def test_a_value_that_connect_wrapped_is_unwrapped_once(
    value: bytes, expected: bytes | None
) -> None:
    assert unwrapped(value) == (value if expected is None else expected)


def arrived(value: bytes | None, key: bytes | None = None) -> Arrived:
    return Arrived("topic", 3, 77, 1_767_571_200_000, key, value, {})


@pytest.mark.parametrize("kind", REGISTRY)
@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60))
def test_no_bytes_stop_a_bridge(kind: str, value: bytes) -> None:
    out = bridged(arrived(value), value, Source(name="s", kind=kind), 1_767_571_300_000)
    for letter in out.letters:
        assert kept(value, letter, arrived(value, value), "s").headers[0][1]


def test_of_a_long_record_256_kib_are_kept() -> None:
    value = b"x" * (256 * 1024 + 1)
    record = kept(value, Letter("not_json", "$"), arrived(value), "web")
    assert len(record.value) == 256 * 1024
    assert ("size", b"262145") in record.headers


def test_unreadable_bytes_are_not_kept() -> None:
    record = kept(None, Letter("not_avro", "$"), arrived(b"\0\0\0\0\7anna@shop.test"), "web")
    assert record.value == b""
    assert ("size", b"19") in record.headers


def test_times_and_identifiers_of_avro_are_written_as_text() -> None:
    at = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
    found = written({"t": at.time(), "u": UUID(int=5), "d": Decimal("1.50"), "ü": "ü"})
    assert json.loads(found) == {
        "t": "07:30:00",
        "u": "00000000-0000-0000-0000-000000000005",
        "d": "1.50",
        "ü": "ü",
    }
    assert "ü".encode() in found
    with pytest.raises(Undecodable, match="not_json"):
        written({"x": object()})


@pytest.mark.parametrize("size", [16, 15])
def test_a_schema_id_in_a_header_has_sixteen_bytes_after_its_mark(size: int) -> None:
    if size == 16:
        assert framed(b"x", {HEADER: b"\1" + bytes(16)}) is not None
        return
    with pytest.raises(Undecodable):
        framed(b"x", {HEADER: b"\1" + bytes(size)})


def test_a_value_with_bytes_behind_its_document_is_not_of_its_schema() -> None:
    payload = packed(TRACK, {"type": "track", "n": 7})
    assert avro(TRACK, {})(payload) == {"type": "track", "n": 7}
    with pytest.raises(Undecodable, match="not_avro"):
        avro(TRACK, {})(payload + b"x")


def test_a_dead_letter_has_the_place_of_its_record_and_a_short_key() -> None:
    value = b"x" * (256 * 1024)
    record = kept(value, Letter("not_json", "$[3]"), arrived(value, b"k" * 1_025), "web")
    assert (record.key, record.value) == (b"k" * 1_024, value)
    assert dict(record.headers) == {
        "reason": b"not_json",
        "path": b"$[3]",
        "source": b"web",
        "topic": b"topic",
        "partition": b"3",
        "offset": b"77",
        "time": b"1767571200000",
    }
    assert kept(value, Letter("x", "$"), arrived(value), "web").key is None


def test_an_event_has_its_visitor_as_its_key_and_its_type() -> None:
    message = {"type": "track", "event": "Product Viewed", "messageId": "m", "anonymousId": "v"}
    value = json.dumps(message | {"properties": {"product_id": "p"}}).encode()
    out = bridged(arrived(value), value, Source(name="s", kind="segment"), 1_767_571_300_000)
    ((key, made, kind),) = out.events
    assert (key, kind) == (b"v", "product.viewed")
    assert json.loads(made)["product"]["id"] == "p"
    assert (out.letters, out.left_out) == ([], [])


def test_an_event_that_a_worker_would_reject_becomes_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = {"id": "e", "type": "page.viewed", "visitor": "v"}
    found = Translation()
    found.events = [{"id": 7, "type": "page.viewed"}, good]
    monkeypatch.setattr(registry, "translate", lambda *given: found)
    out = bridged(arrived(b"{}"), b"{}", Source(name="s", kind="segment"), 1)
    assert [event.key for event in out.events] == [b"v"]
    ((reason, path),) = out.letters
    assert (reason, path[:2]) == ("missing", "$.")


def test_a_registry_needs_a_library_that_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(tmp_path, TRIGGERS_SCHEMA_REGISTRY="http://r:1").registry == "http://r:1"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "needs fastavro" in fault(tmp_path, TRIGGERS_SCHEMA_REGISTRY="http://r:1")
