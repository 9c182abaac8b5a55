"""Finds the schema of a record's value, and decodes the value to JSON. Pure: the caller passes the schemas.

With a schema registry a value begins with a zero byte and a schema number of four bytes. Newer clients instead put
a byte 1 and a schema id of sixteen bytes into a header. Kafka Connect's JSON converter wraps a value as
{schema, payload} or as a string, and some connectors write a whole record. Source: docs/connect.md, 1.11.
"""

import json
import re
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from struct import error as StructError
from typing import Any, Final, NamedTuple

import fastavro

HEADER: Final = "__value_schema_id"
KEY_HEADER: Final = "__key_schema_id"
BY_NUMBER: Final = 0
BY_GUID: Final = 1
NUMBERED: Final = 5
"""Length (bytes) of the prefix with the schema number."""

WRAPPED: Final = {"schema", "payload"}
RECORD: Final = {"headers", "key", "offset", "partition", "timestamp", "topic", "value"}
"""Fields of a whole record that a connector wrote as a value."""

WHOLE: Final = re.compile(rb'\s*\{\s*"(' + "|".join(RECORD).encode() + rb')"\s*:')

Read = Callable[[bytes], Any]


class Undecodable(Exception):
    """The value does not fit its schema, or the schema does not exist. The message is the reason."""


class Framed(NamedTuple):
    """A value without its prefix. `address`: of its schema in a registry: `ids/7`, `guids/…`."""

    address: str
    payload: bytes


def framed(value: bytes, headers: Mapping[str, bytes]) -> Framed | None:
    """The value without its prefix, or None if it names no schema. Raises Undecodable."""
    named = headers.get(HEADER)
    if named is not None:
        return Framed(_address(named), value)
    if not value.startswith(b"\0"):
        return None
    return Framed(_address(value[:NUMBERED]), value[NUMBERED:])


def _address(named: bytes) -> str:
    if len(named) >= NUMBERED and named[0] == BY_NUMBER:
        return f"ids/{int.from_bytes(named[1:NUMBERED])}"
    if len(named) >= 17 and named[0] == BY_GUID:
        return f"guids/{uuid.UUID(bytes=named[1:17])}"
    raise Undecodable("unknown_schema")


def avro(schema: Any, named: dict[str, Any]) -> Read:
    """A reader of values with this schema. `named`: the schemas that it refers to. Raises Undecodable.

    A record with one field has the bytes of that field. It is there because fastavro finds a schema that is only a name,
    or a union of names, inside of a record alone.
    """
    field = {"name": VALUE, "type": _without_defaults(schema)}
    holder = {"type": "record", "name": f"holder_{len(named)}", "fields": [field]}
    try:
        parsed = fastavro.parse_schema(holder, named_schemas=named)
    except (fastavro.schema.SchemaParseException, ValueError, LookupError, TypeError):
        raise Undecodable("unknown_schema") from None

    def read(payload: bytes) -> Any:
        stream = BytesIO(payload)
        try:
            found: Any = fastavro.schemaless_reader(stream, parsed, None)
        except (ValueError, LookupError, EOFError, TypeError, ArithmeticError, StructError):
            raise Undecodable("not_avro") from None
        if stream.read(1):
            raise Undecodable("not_avro")
        return found[VALUE]

    return read


VALUE: Final = "value"


def _without_defaults(schema: Any) -> Any:
    """The schema without defaults. Only a reader's count, and many a writer's are of a wrong type, which registries take."""
    if isinstance(schema, list):
        return [_without_defaults(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _without_defaults(each) for name, each in schema.items() if name != "default"}
    return schema


def written(document: Any) -> bytes:
    """The value as JSON: times as ISO 8601, decimals as strings, bytes in base64."""
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except (ValueError, TypeError, RecursionError):
        raise Undecodable("not_json") from None
    return text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError


def unwrapped(value: bytes) -> bytes:
    """The value that Kafka Connect wrapped. Any other value unchanged."""
    if _may_be_wrapped(value):
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(document, str):
            return document.encode("utf-8", "replace")
        if isinstance(document, dict) and document.keys() == WRAPPED:
            payload = document["payload"]
            return _plain_value(payload)
        if isinstance(document, dict) and document.keys() <= RECORD:
            inner = document.get("value")
            return _plain_value(inner) if isinstance(inner, str | dict) else value
    return value


def _may_be_wrapped(value: bytes) -> bool:
    start = value.lstrip()[:1]
    if start != b"{":
        return start == b'"'
    if b'"payload"' in value and b'"schema"' in value:
        return True
    return b'"value"' in value and WHOLE.match(value) is not None


def _plain_value(inner: Any) -> bytes:
    return inner.encode("utf-8", "replace") if isinstance(inner, str) else written(inner)
