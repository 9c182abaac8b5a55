"""Fetch requests and answers as aiokafka's own schema writes and reads them."""

import struct
from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol.api import RequestHeader_v1, ResponseHeader_v0
from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11
from hypothesis import given
from hypothesis import strategies as st

from agents.kafka import fetch_protocol

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
NAMES = st.text("abc.é", max_size=12)

ASKED_OF = st.tuples(INT32, INT32, INT64, INT64, INT32)
ASKED = st.tuples(
    INT32,
    INT32,
    INT32,
    INT32,
    st.integers(0, 1),
    INT32,
    INT32,
    st.lists(st.tuples(NAMES, st.lists(ASKED_OF, max_size=4)), max_size=3),
    st.lists(st.tuples(NAMES, st.lists(INT32, max_size=3)), max_size=2),
    NAMES,
)
TOLD_OF = st.tuples(
    INT32,
    st.integers(-1, 120),
    INT64,
    INT64,
    INT64,
    st.none() | st.lists(st.tuples(INT64, INT64), max_size=3),
    INT32,
    st.none() | st.binary(max_size=40),
)
TOLD = st.tuples(
    INT32,
    st.integers(-1, 120),
    INT32,
    st.lists(st.tuples(NAMES, st.lists(TOLD_OF, max_size=4)), max_size=3),
)


def by_schema(kind: Any, fields: tuple[Any, ...]) -> bytes:
    written: bytes = kind.SCHEMA.encode(list(fields))
    return written


@given(ASKED)
def test_a_request_is_written_as_the_schema_has_it(fields: tuple[Any, ...]) -> None:
    wanted = by_schema(FetchRequest_v11, fields)
    assert fetch_protocol.encode(FetchRequest_v11(*fields)) == wanted


REQUEST = FetchRequest_v11(-1, 500, 1, 10**6, 1, 0, -1, [], [], "")


@given(st.integers(0, 2**31 - 1), NAMES)
def test_header_of_a_request_is_written_as_the_schema_has_it(number: int, client: str) -> None:
    wanted = RequestHeader_v1(REQUEST, number, client).encode()
    assert fetch_protocol.request_header(REQUEST, number, client).encode() == wanted


@given(INT32)
def test_header_of_an_answer_is_read_up_to_its_body(number: int) -> None:
    source = BytesIO(by_schema(ResponseHeader_v0, (number,)) + b"body")
    assert fetch_protocol.response_header(REQUEST, source).correlation_id == number
    assert source.read() == b"body"


def test_truncated_header_of_an_answer_is_not_read() -> None:
    with pytest.raises(struct.error):
        fetch_protocol.response_header(REQUEST, BytesIO(b"\0\0\0"))


def tells(part: tuple[Any, ...]) -> bool:
    """Whether a partition's answer has an error, records, or another replica to fetch from."""
    _, error, *_, replica, records = part
    return bool(error or records) or replica != fetch_protocol.LEADER


@given(TOLD, st.binary(max_size=4))
def test_an_answer_is_read_behind_its_header(fields: tuple[Any, ...], header: bytes) -> None:
    source = BytesIO(header + by_schema(FetchResponse_v11, fields))
    source.seek(len(header))
    told = fetch_protocol.decode(FetchResponse_v11, source)
    *head, topics = fields
    wanted = [(name, [part for part in parts if tells(part)]) for name, parts in topics]
    assert [told.throttle_time_ms, told.error_code, told.session_id] == head
    assert told.topics == wanted


def test_an_answer_that_ends_too_soon_is_not_read() -> None:
    told = (7, 0, 9, 9, 0, [(3, 5)], -1, b"records")
    written = by_schema(FetchResponse_v11, (0, 0, 0, [("storefront.events", [told, told])]))
    for length in range(len(written)):
        with pytest.raises(struct.error):
            fetch_protocol.decode(FetchResponse_v11, written[:length])
