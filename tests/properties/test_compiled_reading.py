"""The compiled reader gives the result of typed decoding, or leaves the event to it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from schemas import names_nobody
from stream.events import decoding
from stream.events.parts import Product
from stream.events.types import (
    PLAIN as PLAIN_READING,
)
from stream.events.types import (
    Event,
    ExitSignal,
    PageViewed,
    ProductViewed,
    SearchPerformed,
)
from stream.stages import backend, mirrored
from tests import effort
from tests.properties import oddities

needed = pytest.mark.skipif(backend.COMPILED is None, reason="not built: there was no C compiler")


def written(event: Event) -> tuple[object, ...]:
    """The compiled reader's expected result for a decoded event."""

    def said(value: object) -> object:
        return None if value is UNSET else value

    page: object = None
    if isinstance(event, PageViewed) and event.page is not UNSET:
        page = said(event.page.kind)
    product: tuple[object, ...] = (None,) * 6
    if isinstance(event, ProductViewed):
        product = tuple(said(getattr(event.product, name)) for name in Product.__struct_fields__)
    query = event.query if isinstance(event, SearchPerformed) else None
    signal: tuple[object, ...] = (None, None, 0)
    if isinstance(event, ExitSignal):
        signal = (event.signal, said(event.held_ms), int(event.form_focus is True))
    kind = mirrored.KINDS.index(type(event))
    known = (event.id, event.visitor, said(event.customer), said(event.client_time))
    return (kind, *known, page, query, product, *signal)


PLAIN = (
    b'{"id":"e-1","visitor":"v","type":"page.viewed","page":{"path":"/a","title":"A \\"b\\"","kind":"home"}}',
    b' {"type":"product.viewed" , "id":"e-2","visitor":"v\xc3\xbc","customer":"c","client_time":1772452800000,'
    b'"product":{"id":"p","name":"N","category":"c","price":12.90,"url":"u","image":"i","x":[1,{"y":-0.5e+3}]}}',
    b'{"id":"e-3","visitor":"v","type":"category.viewed","category":"c","context":{"a":[true,false,null,[]]}}',
    b'{"id":"e-4","visitor":"v","type":"search.performed","query":"tent 2","results":0}' + b"\n",
    b'{"id":"e-5","visitor":"v","type":"activity.pinged","seconds":3,"client_time":-5,"e":{}}',
    b'{"id":"event:7","visitor":"v","type":"activity.pinged","t":[1],"client_time":946684800000}',
    b'{"id":"e-6","visitor":"v","type":"product.viewed","product":{"id":"p","price":1e2}}',
    b'{"id":"e-7","visitor":"v","type":"product.viewed","product":{"id":"p","price":-0.125,"name":""}}',
    b'{"id":"e-8","visitor":"v","signal":"back","type":"exit.signal"}',
    b'{"id":"e-9","visitor":"v","type":"exit.signal","held_ms":812.5,"signal":"tab_hidden","form_focus":true}',
    b'{"id":"e-10","form_focus":false,"visitor":"v","type":"exit.signal","signal":"idle","held_ms":5000}',
    b'{"id":"e-11","visitor":"v","type":"exit.signal","signal":"leaving"}',
    b'{"id":"e-12","visitor":"v","type":"exit.signal","signal":"back","form_focus":null}',
)
READ = (True, True, True, True, False, True, False, True, True, True, True, False, False)
PIECES = [
    *(bytes([byte]) for byte in b'{}[],:"\\0123456789.-+eE tfnu\x00\x1f\xff'),
    *(b"\xc3\xbc", b"\xed\xa0\x80", b"\\u00fc", b"\\ud800", b"\\/", b"\\q", b"null", b"true"),
    *(
        b'"id":',
        b'"visitor":"w",',
        b'"type":"page.viewed",',
        b'"price":',
        b'"t":1,',
        b'"id":7,',
        b"x" * 129,
    ),
    *(b'"signal":"back",', b"true", b"1e400", b'"held_ms":-1,', b'"form_focus":true,'),
    *(
        b'"keys":{},',
        b'"~":1,',
        b'"customer":null,',
        b'"customer":"guest",',
        b'"visitor":"~cart:k",',
    ),
    *(
        b"null",
        b"Undefined",
        b"event:",
        b"/null",
        b"{{",
        b"${",
        b"%%",
        b"[object",
        b"0",
        b"-1",
        b" ",
    ),
    *(
        b'"page":{"kind":"payment"},',
        b"946684799999",
        b'"client_time":1.0,',
        b"1000000000000001",
        b"9007199254740993",
        b"0.1",
        b"-0",
        b"01",
    ),
]


def check_reading(value: bytes) -> bool:
    """Whether the compiled reader read the event; checks that typed decoding agrees."""
    from stream.native import _visitors  # noqa: PLC0415 - only where it was built

    found = _visitors.read_value(value)
    if found is None:
        return False
    kind, id, visitor, customer, *rest, somebody = found
    if names_nobody(visitor) or (customer is not None and names_nobody(customer)):
        return True  # no state has such a name, so Python takes the event
    assert not (somebody and names_nobody(id))
    event = decoding.parse(value)
    assert event is not None
    assert event.reading == PLAIN_READING, "nothing was left out"
    assert (kind, id, visitor, customer, *rest) == written(event)
    assert repr((kind, id, visitor, customer, *rest)) == repr(written(event)), "-0.0 is not 0.0"
    return True


@needed
def test_plain_events_are_read_without_the_typed_decoding() -> None:
    assert [check_reading(value) for value in PLAIN] == [*READ]


@needed
@settings(max_examples=effort.of(3000), deadline=None)
@given(st.sampled_from(PLAIN), st.data())
def test_what_is_read_of_any_bytes_is_what_the_typed_decoding_reads(
    value: bytes, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, min(len(value), start + 6)))
        piece = data.draw(st.sampled_from(PIECES))
        value = value[:start] + piece + value[end:]
        check_reading(value)


@needed
@settings(max_examples=effort.of(500), deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 25))
def test_a_price_is_the_nearest_double(price: float, places: int) -> None:
    for text in (repr(price), f"{price:.{places}f}", f"{price:g}", str(round(price, 2))):
        check_reading(
            b'{"id":"e","visitor":"v","type":"product.viewed","product":{"id":"p","price":%b}}'
            % text.encode()
        )


@needed
@settings(max_examples=effort.of(1000), deadline=None)
@given(
    st.sampled_from(oddities.IDS),
    st.sampled_from(("id", "visitor", "customer")),
    st.text(max_size=3),
)
def test_a_name_of_nobody_never_becomes_a_person(name: object, field: str, more: str) -> None:
    """With any surrounding whitespace and in any case."""
    for written_as in (
        name,
        f"{more}{name}",
        f"{name}{more}",
        str(name).title(),
        str(name).upper(),
    ):
        event = {"id": "e", "visitor": "v", "type": "activity.pinged", field: written_as}
        check_reading(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@needed
@settings(max_examples=effort.of(100), deadline=None)
@given(st.integers(0, 1_000_000))
def test_events_of_odd_logs_are_read_alike(seed: int) -> None:
    for line in oddities.log(seed, 60):
        check_reading(line)
        try:
            document = json.loads(line)
        except ValueError:
            continue
        for ascii in (True, False):
            check_reading(json.dumps(document, ensure_ascii=ascii).encode("utf-8", "surrogatepass"))
