"""Both decoders give the same event, documents valid by the contract have no fault, and invalid bytes raise only Rejected."""

import copy
import json
import math
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from schemas import names_nobody
from stream.events import decoding, types
from tests import effort

TYPES = [name.removeprefix("events/") for name in schemas.names("events")]
UNKNOWN_TYPE = "coupon.applied"

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, -0.0, 1.5, 1e2, 10**15, 10**15 + 1, -(10**15) - 1, 1e15,
    10**25, 1e300, -1e300, math.inf, -math.inf, "", " ", "x" * 128, "x" * 129,
    "\U0001f600" * 128, "\U0001f600" * 129, "guest", " Undefined\t", "[object Object]", "0",
    "-1", "nan", "email", "fax", "back", "payment", "home", "\x00", "\u202e",
    [], {}, [None], ["email"], ["fax"], ["email", 1],
    [[]], [{}], {"id": "x"}, {"id": 1}, {"id": ""}, {"id": None}, {"items": []}, {"items": {}},
    {"items": [{}]}, {"items": [{"product_id": "p"}]}, {"product_id": "p", "quantity": 1.0},
    {"product_id": "p", "quantity": 0}, {"product_id": "p", "quantity": 1, "variant_id": ""},
]  # fmt: skip

FIELDS = sorted(
    {"id", "type", "visitor", "customer", "client_time"}
    | {"page", "product", "category", "query", "cart", "item", "stage", "code", "order", "contacts"}
    | {"traits", "time_zone", "channels", "granted", "signal", "held_ms", "form_focus", "unknown"}
    | {"path", "title", "kind", "name", "price", "url", "image", "product_id", "quantity"}
    | {"variant_id", "items", "version", "currency", "value", "cart_id", "orders"}
)

HASH = "9f86d081884c7d659a2feaa0c55ad015"

odd = st.sampled_from(ODD).map(copy.deepcopy)
values = odd | st.integers() | st.floats(allow_nan=False) | st.text(max_size=140)


def from_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Documents valid by the schema, with and without optional fields."""
    if "const" in schema or "enum" in schema:
        return st.sampled_from([schema["const"]] if "const" in schema else schema["enum"])
    found: st.SearchStrategy[Any]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    match kinds[0]:
        case "string" if "format" in schema:
            found = st.text(min_size=1, max_size=128).filter(_somebody)
            found = st.just(HASH) if "pattern" in schema else found
        case "string":
            found = st.text(min_size=schema.get("minLength", 0), max_size=128)
            found = found | st.integers(1).map(str) if "integer" in kinds else found
        case "integer":
            whole = st.integers(schema["minimum"], schema["maximum"])
            found = whole | whole.map(str) | whole.map(float)
        case "number":
            found = st.floats(schema["minimum"], schema["maximum"]) | st.integers(-99, 99)
        case "boolean":
            found = st.booleans()
        case "array":
            found = st.lists(from_schema(schema["items"]), min_size=1, max_size=3)
        case "object":
            found = from_properties(schema)
    return found


def _somebody(name: str) -> bool:
    return not names_nobody(name) and name[0] != "~"


def from_properties(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties = {name: from_schema(part) for name, part in schema.get("properties", {}).items()}
    required = {name: properties.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=properties)


def valid(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    envelope = from_schema(schemas.load("envelope"))
    schema = dict(schemas.load(f"events/{kind}"))
    required = [name for name in schema.get("required", ()) if name in schema["properties"]]
    body = from_schema({**schema, "required": [*required, "type"]})
    customers = {"visitor.identified": {"customer": "c-1"}}.get(kind, {})
    return st.builds(
        lambda head, rest: {"visitor": "v", **customers, **head, **rest}, envelope, body
    )


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """An event with up to three parts changed, added or removed, at any depth."""
    kind = draw(st.sampled_from(TYPES))
    document: dict[str, Any] = json.loads(json.dumps(draw(valid(kind))))
    for _ in range(draw(st.integers(0, 3))):
        parent = draw(st.sampled_from(list(_containers(document))))
        if isinstance(parent, list):
            parent.append(draw(values))
        elif parent and draw(st.booleans()):
            name = draw(st.sampled_from(sorted(parent)))
            if draw(st.booleans()):
                del parent[name]
            else:
                parent[name] = draw(values)
        else:
            parent[draw(st.sampled_from(FIELDS))] = draw(values)
    if draw(st.integers(0, 15)) == 0:
        document["type"] = UNKNOWN_TYPE
    return document


def _containers(node: Any) -> Any:
    if isinstance(node, dict | list):
        yield node
        for part in node.values() if isinstance(node, dict) else node:
            yield from _containers(part)


def written(document: Any) -> bytes:
    """The document as JSON; infinity becomes a number too large for a double."""
    text = json.dumps(document, ensure_ascii=False)
    text = re.sub(r'("(?:[^"\\]|\\.)*")|Infinity', lambda found: found[1] or "1e999", text)
    return text.encode()


def verdict(value: bytes) -> tuple[str, str] | None:
    try:
        decoding.decode(value)
    except decoding.Rejected as error:
        return error.reason, error.path
    return None


@settings(max_examples=effort.of(400), deadline=None)
@given(mutated())
def test_an_event_is_refused_for_its_first_essential_fault(document: dict[str, Any]) -> None:
    value = written(document)
    essential = [fault for fault in decoding.faults(value) if fault.essential]
    first = (essential[0].reason, essential[0].path) if essential else None
    assert verdict(value) == first


@settings(max_examples=effort.of(400), deadline=None)
@given(mutated())
def test_the_typed_decoding_gives_what_is_read_field_by_field(document: dict[str, Any]) -> None:
    value = written(document)
    if verdict(value) is not None:
        return
    event = decoding.parse(value)
    assert event is not None
    slowly = decoding.parse_slowly(value)
    assert slowly is not None
    if event.aside is None:
        assert slowly.faults == ()
        assert msgspec.structs.replace(slowly, aside=None) == event
    else:
        assert slowly == event


@settings(max_examples=effort.of(200), deadline=None)
@given(st.sampled_from(TYPES).flatmap(valid))
def test_what_the_contract_accepts_has_no_fault(document: dict[str, Any]) -> None:
    schemas.validator(f"events/{document['type']}")(copy.deepcopy(document))
    found = decoding.faults(written(document))
    if document.get("customer", "") is None and found:
        assert [fault.path for fault in found] == ["$.customer"]
    else:
        assert found == ()


@settings(max_examples=effort.of(400), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_raise_only_rejected(value: bytes) -> None:
    verdict(value)


@settings(max_examples=effort.of(400), deadline=None)
@given(st.data())
def test_an_event_with_changed_bytes_raises_only_rejected(data: st.DataObject) -> None:
    value = bytearray(written(data.draw(st.sampled_from(TYPES).flatmap(valid))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(value)))
        value[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    verdict(bytes(value))


VIEW = b'{"id":"e-1","type":"page.viewed","visitor":"v-1"%s}'

POISON: dict[str, bytes | None] = {
    "no value": None,
    "empty": b"",
    "null": b"null",
    "a scalar": b"5",
    "an array": b"[]",
    "2,000 nested brackets": b"[" * 2000,
    "2,000 nested brackets in an unknown field": VIEW % (b',"x":' + b"[" * 2000 + b"]" * 2000),
    "2,000 nested objects": VIEW % (b',"x":' + b'{"a":' * 2000 + b"1" + b"}" * 2000),
    "NaN": VIEW % b',"x":NaN',
    "Infinity": VIEW % b',"x":-Infinity',
    "1e999": b'{"id":1e999,"type":"page.viewed","visitor":"v-1"}',
    "an integer of 5,000 digits": VIEW.replace(b'"e-1"', b"9" * 5000) % b"",
    "surrogates in UTF-8": VIEW % b',"x":"\xed\xa0\x80"',
    "UTF-16": (VIEW % b"").decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + VIEW % b"",
    "NUL": VIEW % b',"x":"\x00"',
    "NUL after the event": VIEW % b"" + b"\x00",
    "a string of a megabyte": VIEW % (b',"x":"' + b"a" * 2**20 + b'"'),
    "two events": (VIEW % b"") * 2,
    "a cut event": (VIEW % b"")[:-1],
    "a type that is no string": b'{"id":"e-1","type":["page.viewed"],"visitor":"v-1"}',
    "a type that is a path": b'{"id":"e-1","type":"../../etc/passwd","visitor":""}',
}  # fmt: skip


@pytest.mark.parametrize("value", POISON.values(), ids=POISON)
def test_poison_is_rejected(value: bytes | None) -> None:
    with pytest.raises(decoding.Rejected):
        decoding.decode(value)


HARMLESS: dict[str, bytes] = {
    "1e999": VIEW % b',"client_time":1e999',
    "an integer of 5,000 digits": VIEW % (b',"client_time":' + b"9" * 5000),
    "a lone surrogate": VIEW % rb',"x":"\ud800"',
    "a lone surrogate in a name": VIEW % rb',"\udfff":1',
    "1e999 in an unknown field": VIEW % b',"x":1e999',
    "an integer of 5,000 digits in an unknown field": VIEW % (b',"x":' + b"9" * 5000),
    "unknown fields": VIEW % b',"x":{"y":[1,{"z":null}]}',
    "bidi characters": VIEW % ',"x":"\u202e\u2066"'.encode(),
    "a pair of surrogates": VIEW % rb',"x":"\ud83d\ude00"',
    "an escaped NUL": VIEW % rb',"x":"\u0000"',
    "a name twice, the last one valid": VIEW.replace(b'"e-1"', b'5,"id":"e-1"') % b"",
    "a $ref in an event": VIEW % b',"$ref":"http://127.0.0.1:9/x"',
}  # fmt: skip


@pytest.mark.parametrize("value", HARMLESS.values(), ids=HARMLESS)
def test_what_is_only_odd_is_accepted(value: bytes) -> None:
    assert isinstance(decoding.decode(value), types.PageViewed)


@pytest.mark.parametrize("text", [b"1.0", b"1e0", b"10e-1"])
def test_an_integer_may_be_written_as_a_number_without_a_fraction(text: bytes) -> None:
    value = b'{"id":"e-1","type":"cart.updated","visitor":"v-1","cart":{"items":[],"version":%s}}'
    event = decoding.decode(value % text)
    assert isinstance(event, types.CartUpdated)
    assert (event.cart.version, type(event.cart.version)) == (1, int)


def test_a_rejection_never_quotes_the_payload() -> None:
    with pytest.raises(decoding.Rejected) as caught:
        decoding.decode(b'{"id":["jane@example.com"],"type":"page.viewed","visitor":"v-1"}')
    assert "jane" not in f"{caught.value!r} {caught.value.__cause__!r}"
