"""The bounds within which shared parts of translators read a value: the last value inside, and the first outside."""

from base64 import b64encode
from typing import Any

import pytest

from stream.connect import ga4_hits, ids, items, money, posthog_message, reading, times, urls
from stream.connect.contact import contacts
from stream.connect.request import Request
from stream.connect.source import Source
from stream.connect.translation import Translation

SHOP = Source(name="shop", kind="segment")


@pytest.mark.parametrize(
    ("value", "code", "amount"),
    [
        (0, "EUR", "0.0"),
        (-0.0, "EUR", "0.0"),
        ("+1.239", "EUR", "1.24"),
        (1.2346, "KWD", "1.235"),
        (1.23456, "UYW", "1.2346"),
        (1.23456, None, "1.2346"),
        (1.5, "CLP", "2.0"),
        (10**9, "EUR", "1000000000.0"),
        (10**9 + 1, "EUR", "None"),
        ("1000000000.01", "EUR", "None"),
    ],
)
def test_an_amount_is_rounded_and_at_most_a_milliard(value: Any, code: str, amount: str) -> None:
    assert str(money.money(value, code)) == amount


def test_an_amount_has_at_most_20_places() -> None:
    assert money.minor(5, 20) == 0
    assert money.minor(1, 0) == 1
    assert [money.minor(*given) for given in ((5, 21), (5, -1), (5, None))] == [None] * 3


def test_a_quantity_has_6_places_and_is_at_most_a_milliard() -> None:
    values = (0.1234567, 10**9, -(10**9), 10**9 + 1, -(10**9) - 1)
    found = [money.quantity(value) for value in values]
    assert found == [0.123457, 10**9, -(10**9), None, None]
    assert isinstance(money.quantity("3.0"), int)


def test_an_id_of_128_characters_is_kept_and_a_longer_one_is_32_of_a_hash() -> None:
    whole, longer = "x" * 128, "x" * 129
    assert [ids.thing(each) for each in (whole, longer)] == [whole, ids.digest(longer)]
    assert [ids.identifier(each) for each in (whole, longer)] == [whole, ids.digest(longer)]
    assert len(ids.digest(longer)) == 32
    assert ids.event_id("sg", whole[3:]) == f"sg:{whole[3:]}"
    assert ids.event_id("sg", whole[2:]) == f"sg:{ids.digest(whole[2:])}"


def test_only_several_events_of_one_message_are_numbered() -> None:
    assert ids.numbered("a", 1) == ["a"]
    assert ids.numbered("a", 2) == ["a/0", "a/1"]


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (times.EARLIEST, times.EARLIEST),
        (times.EARLIEST - 1, None),
        (10**11 - 1, 1000 * (10**11 - 1)),
        (10**11, None),
        (10**14 - 1, 10**14 - 1),
        (10**14, None),
        (10**17 - 16, 10**14 - 1),
        (10**17, None),
        (1e21, 10**15),
        (1.001e21, None),
        ("2026-11-30".ljust(64), 1_795_996_800_000),
        ("2026-11-30".ljust(65), None),
        (" 2026-11-30".ljust(64), 1_795_996_800_000),
        (" 2026-11-30".ljust(65), None),
    ],
)
def test_a_time_is_between_the_year_2000_and_10_to_the_15_ms(value: Any, at: int | None) -> None:
    assert times.moment(value) == at


def test_a_corrected_time_may_be_the_first_of_the_year_2000() -> None:
    sent = times.EARLIEST + 10**9
    for late, at in ((0, times.EARLIEST), (1, None)):
        arrival = times.EARLIEST + 60_000 - late
        assert times.client_time(arrival, sent, sent - 60_000) == at


def test_an_address_keeps_2048_characters() -> None:
    address = "/" + "p" * 3_000
    assert urls.clean_url(address) == address[:2_048]
    assert urls.path_of(address) == address[:2_048]
    assert len(urls.parameters("&".join(f"a{n}=1" for n in range(1_000)))) == 1_000


def test_a_message_has_at_most_100_levels() -> None:
    for levels, is_read in ((100, True), (101, False)):
        for opens, closes in ((b"[", b"]"), (b'{"a":', b"}")):
            inner = b"1" if opens != b"[" else b""
            found = reading.parse(opens * levels + inner + closes * levels)
            assert (found is not reading.UNREADABLE) == is_read, (levels, opens)


def test_the_digits_of_a_number_are_bounded() -> None:
    assert reading.text(1e15) == "1000000000000000"
    assert reading.text(2e15) == "2000000000000000.0"
    assert reading.number("1" * 40) == float("1" * 40)
    assert reading.number("1" * 41) is None
    assert [reading.whole(value) for value in (10**15, -(10**15), 10**15 + 1)] == [
        *(10**15, -(10**15)),
        None,
    ]
    assert [type(reading.parse(b'["\xff",' + b"1" * size + b"]")[1]) for size in (40, 41)] == [
        *(int, float),
    ]


def test_a_line_has_at_most_10000_pieces() -> None:
    found = [items.item(SHOP, None, id="a", quantity=pieces) for pieces in (10_000, 10_001, 0)]
    assert found == [{"product_id": "a", "quantity": 10_000}, None, None]
    gone = [items.removed(id="a", quantity=pieces) for pieces in (10_000, 10_001)]
    assert gone == [{"product_id": "a", "quantity": 10_000}, None]


def test_a_packed_query_of_any_length_is_read_without_its_padding() -> None:
    for length in range(20):
        packed = b64encode(b"https://shop.example/g/collect?v=2&en=" + b"x" * length).decode()
        assert ga4_hits.unwrapped({"z": packed.rstrip("=")}) == {"v": "2", "en": "x" * length}


def test_an_address_of_a_person_has_at_most_320_characters() -> None:
    assert contacts("a" * 310 + "@b.example", None) == ["email"]
    assert contacts("a" * 311 + "@b.example", None) is None


def test_64_characters_are_kept_of_the_name_of_what_was_left_out() -> None:
    out = Translation()
    out.leave_out("n" * 65, "ignored")
    assert out.left_out[0].name == "n" * 64


@pytest.mark.parametrize(
    ("over", "found"), [(0, {"event": "$pageview", "event2": "$pageview"}), (1, reading.UNREADABLE)]
)
def test_a_form_of_128_ki_is_unpacked(over: int, found: Any) -> None:
    """Its padding may be of any length, so it fills the form."""
    form = "N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADThRwBMiKG2EehAvkA==".ljust(128 * 1024 + over, "=")
    query = Request("/e", query={"data": form})
    assert posthog_message.document_of(query) == found
