"""Shared parts of translators: money, ids, times, URLs, people's addresses, and trust."""

from typing import Any

import pytest

from stream.connect import finishing, ids, items, money, pages, reading, registry, times, urls
from stream.connect.contact import contact_keys, contacts, customer_id, phone_number
from stream.connect.request import Record, Request
from stream.connect.source import Source
from stream.connect.translation import Translation

NOW = 1_796_031_001_000
SHOP = Source(name="shop", kind="segment")
TRUSTED = Source(
    name="shop", kind="segment", trust="server", key_of=lambda kind, raw: f"{kind}-of-somebody-1"
)


@pytest.mark.parametrize(
    ("value", "code", "amount"),
    [
        ("18.99", "USD", 18.99),
        (" 18.9900 ", None, 18.99),
        (1999, "JPY", 1999),
        (19.6, "JPY", 20),
        ("1.2345", "KWD", 1.234),
        ("1.234,56", "EUR", None),
        ("1,234", "EUR", None),
        (-1, "EUR", None),
        (True, "EUR", None),
        (2e9, "EUR", None),
        (10**30, "EUR", None),
        (float("nan"), "EUR", None),
        ("$5", "EUR", None),
        ({}, "EUR", None),
    ],
)
def test_an_amount_is_units_of_its_currency_or_none(value: Any, code: str, amount: float) -> None:
    assert money.money(value, code) == amount


def test_cents_and_digits_are_an_amount() -> None:
    assert money.minor(1999, 2, "EUR") == 19.99
    assert money.minor(1999, 0, "JPY") == 1999
    assert money.minor(None, 2) is None
    assert money.minor(5, 99) is None


def test_a_currency_is_one_of_iso_4217() -> None:
    assert [money.currency(value) for value in ("eur", " USD ", "ABC", "", 5)] == [
        *("EUR", "USD"),
        *(None, None, None),
    ]


def test_a_quantity_may_be_a_text_or_a_part() -> None:
    values = ("2", 2.0, 0.5, "x", None, True, -1, 1e12)
    assert [money.quantity(value) for value in values] == [2, 2, 0.5, None, None, None, -1, None]
    assert [money.is_line(pieces) for pieces in (0, 1, 10_000, 10_001)] == [
        False,
        True,
        True,
        False,
    ]


NAMELESS = """undefined|NULL| none |0|-1|000|0-0|--|n/a|(not set)|$posthog_cookieless|[object Object]|"null"
'guest'|{{id}}|${id}|%%id%%|shop/undefined|00000000-0000-0000-0000-000000000000|true|shopify-admin"""


@pytest.mark.parametrize("name", NAMELESS.replace("\n", "|").split("|"))
def test_a_name_of_nobody_is_not_an_id(name: str) -> None:
    assert ids.identifier(name) is None


def test_a_number_is_an_id_by_its_digits() -> None:
    values: tuple[Any, ...] = (7, 5.0, True, [], 10**30)
    assert [ids.identifier(value) for value in values] == [
        *("7", "5"),
        *(None, None, str(10**30)),
    ]


def test_a_global_id_of_shopify_is_the_id_that_its_webhooks_have() -> None:
    assert ids.identifier("gid://shopify/Order/5778367414385") == "5778367414385"
    assert ids.identifier("gid://shopify/Cart/Z2NwLXVz?key=x") == "Z2NwLXVz"
    assert ids.thing("gid://shopify/ProductVariant/11") == "11"
    assert ids.identifier("gid://shopify/Customer/") is None
    assert ids.identifier("gid://other/Order/1") == "gid://other/Order/1"


def test_a_long_id_is_hashed_and_stays_the_same() -> None:
    assert len(ids.event_id("sg", "x" * 500)) <= 128
    assert ids.event_id("sg", "x" * 500) == ids.event_id("sg", "x" * 500)
    assert ids.event_id("sg", "x" * 500) != ids.event_id("sg", "x" * 501)
    assert ids.thing("x" * 129) == ids.digest("x" * 129)


def test_the_id_of_contents_does_not_depend_on_the_order_of_their_keys() -> None:
    assert ids.content_id("p", {"a": 1, "b": 2}) == ids.content_id("p", {"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-11-30T09:30:01Z", NOW),
        ("2026-11-30T10:30:01.000+01:00", NOW),
        ("2026-11-30 09:30:01", NOW),
        (NOW, NOW),
        (NOW / 1000, NOW),
        (NOW * 1000, NOW),
        (str(NOW * 1_000_000), NOW),
        ("1969-01-01", None),
        ("yesterday", None),
        ("9" * 30, None),
        ("x" * 65, None),
        (None, None),
    ],
)
def test_a_time_is_read_as_it_is_written(value: Any, at: int) -> None:
    assert times.moment(value) == at


def test_the_senders_clock_is_taken_out() -> None:
    """Whether the clock is right or an hour wrong, the event was one minute old."""
    for wrong in (0, 3_600_000, -3_600_000):
        assert times.client_time(NOW, NOW + wrong, NOW + wrong - 60_000) == NOW - 60_000


def test_nothing_happens_after_it_arrived() -> None:
    assert times.client_time(NOW, NOW - 5_000, NOW) == NOW
    assert times.client_time(NOW, None, NOW + 5_000, server=True) == NOW


def test_a_single_time_of_a_browser_is_ignored() -> None:
    assert times.client_time(NOW, None, NOW - 5_000) is None
    assert times.client_time(NOW, None, NOW - 5_000, server=True) == NOW - 5_000


def test_a_time_before_any_shop_is_no_time() -> None:
    assert times.client_time(times.EARLIEST + 5, NOW, NOW - 60_000) is None


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        (
            "https://a:b@shop.example/p?variant=1&email=x%40y.example#z",
            "https://shop.example/p?variant=1",
        ),
        ("/p?q=1", "/p"),
        ("data:image/png;base64,AAAA", None),
        ("http://[", None),
        (5, None),
        ("", None),
    ],
)
def test_a_url_loses_its_personal_parts(url: Any, clean: str) -> None:
    assert urls.clean_url(url, {"variant"}) == clean


def test_the_path_of_a_host_is_a_slash() -> None:
    assert urls.path_of("https://shop.example?x=1") == "/"
    assert urls.path_of("http://[") is None
    assert urls.parameters("?a=1&b=&a=2") == {"a": "2", "b": ""}
    assert urls.parameters(5) == {}
    assert urls.parameters("&".join(["a=1"] * 1_001)) == {}


def test_addresses_leave_as_hashes_only() -> None:
    assert contact_keys(TRUSTED, "a@b.example", None) == {"email": "email-of-somebody-1"}
    assert "email" not in contact_keys(SHOP, "a@b.example", "+49301234")
    assert contacts(None, "+49301234") == ["sms"]
    assert contacts("", None) is None
    assert customer_id("a@b.example") is None
    assert customer_id("+49301234567") is None
    assert customer_id("49301234567") == "49301234567"


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("+49301234567", "+49301234567"),
        (" tel:+49 (30) 123-45.67 ", "+49301234567"),
        ("whatsapp:%2B49301234567", "+49301234567"),
        ("49301234567", None),
        ("+4930123", None),
        ("+4930123456712345", None),
        ("a+49301234567", None),
        ("c+49301234567=", None),
        (49301234567, None),
        (None, None),
        (" " * 100_000 + "+49301234567", None),
    ],
)
def test_an_id_that_is_a_phone_number_is_known_by_its_plus(
    given: object, number: str | None
) -> None:
    assert phone_number(given) == number


def test_a_key_that_is_not_a_hash_is_left_out() -> None:
    loose = Source(name="s", kind="segment", key_of=lambda kind, raw: raw)
    assert "email" not in contact_keys(loose, "a@b.example", None)


def test_a_document_is_read_without_a_fault() -> None:
    assert reading.parse(b"{") is reading.UNREADABLE
    assert reading.parse(b"[" * 100_000) is reading.UNREADABLE
    assert reading.parse(b"[" * 150 + b"]" * 150) is reading.UNREADABLE
    assert reading.parse(b'{"a":"' + b"{[" * 200 + b'"}') == {"a": "{[" * 200}
    assert reading.parse(b"[" + b"{}," * 200 + b"[[]]]")[-1] == [[]]
    assert len(reading.parse(b"[" + b"{}," * 40_000 + b"{}]")) == 40_001
    assert reading.parse(b"[" + b"{}," * 40_000 + b"[" * 150 + b"]" * 151) is reading.UNREADABLE
    assert reading.parse(b'{"a":NaN}') == {"a": None}
    assert reading.dig({"a": {"b": 1}}, "a", "b") == 1
    assert reading.dig({"a": [1]}, "a", "b") is None
    assert reading.text(float("inf")) is None
    assert reading.text(2.5) == "2.5"
    assert reading.text("\ud800") == "?"
    assert reading.number("9" * 50) is None
    assert reading.number(10**400) is None
    assert reading.whole("3.5") is None


def test_a_page_is_known_by_a_word_and_else_by_its_path() -> None:
    assert pages.page("/cart/", None)["kind"] == "cart"
    assert pages.page("/checkout/thank-you")["kind"] == "confirmation"
    assert pages.page("/checkouts/cn/Z2NwLXVz")["kind"] == "checkout"
    assert pages.page("/checkouts/cn/Z2NwLXVz/thank-you")["kind"] == "confirmation"
    assert pages.page("/products/tote-bag")["kind"] == "product"
    assert pages.page("/collections/payment-cards/products/success")["kind"] == "product"
    assert pages.page("/en/category/bag")["kind"] == "list"
    assert pages.page("/product-category/hats/")["kind"] == "list"
    assert pages.page("/s", None, "Product Listing Page")["kind"] == "list"
    assert pages.page("/s", None, "Order Completed")["kind"] == "confirmation"
    assert pages.page("/checkout-complete")["kind"] == "confirmation"
    assert pages.page("/checkout/item/2")["kind"] == "checkout"
    assert pages.page("/checkout/cart/")["kind"] == "cart"
    assert pages.page("/index.html")["kind"] == "home"
    assert pages.page("/imprint")["kind"] == "other"
    assert pages.page(None, "T") == {"title": "T"}
    assert pages.stage({"2": "shipping", "x": "nowhere"}, 2) == "shipping"
    assert pages.stage({"x": "nowhere"}, "x") is None


def test_a_line_with_no_id_or_an_absurd_number_is_none() -> None:
    assert items.item(SHOP, None, id=None) is None
    assert items.item(SHOP, None, id="a", quantity=20_000) is None
    assert items.removed(id="a", quantity=0) is None


def made(**event: Any) -> dict[str, Any]:
    return {"id": "e", "type": "order.placed", "visitor": "v", "order": {"id": "o"}, **event}


def test_a_page_may_not_send_what_identifies_people() -> None:
    event = made(customer="u", keys={"email": "k" * 20, "cart": "c"})
    done = finishing.finish(Translation([event]), SHOP)
    assert done.events == [made(keys={"cart": "c"})]
    assert [left.path for left in done.left_out] == ["$.customer", "$.keys.email"]


def test_an_id_with_an_address_is_hashed_and_a_text_loses_it() -> None:
    """The id of a cart is the same in every field."""
    cart = {"id": "a@b.example", "items": [{"product_id": "p", "name": "for a@b.example"}]}
    event = made(type="cart.updated", cart=cart, keys={"cart": "a@b.example"})
    done = finishing.finish(Translation([event]), TRUSTED).events[0]
    assert done["cart"]["id"] == done["keys"]["cart"] == ids.digest("a@b.example")
    assert done["cart"]["items"][0]["name"] == "for …"


def test_a_backlog_of_a_bridge_makes_nothing_late() -> None:
    """A record that waited an hour in the source's topic is as late as at its append."""
    value = (
        b'{"type":"track","event":"Order Completed","anonymousId":"v","messageId":"m",'
        b'"sentAt":"2026-11-30T08:30:00Z","originalTimestamp":"2026-11-30T08:29:50Z"}'
    )
    record = Record(value, time=NOW - 3_600_000)
    event = registry.translate("segment", record, SHOP, NOW).events[0]
    assert event["client_time"] == NOW - 10_000


def test_a_fault_of_a_translator_costs_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(given: Any, source: Source, now: int) -> Translation:
        raise ZeroDivisionError

    monkeypatch.setitem(registry.REGISTRY, "segment", fails)
    done = registry.translate("segment", Request("/v1/t"), SHOP, NOW)
    assert done.refused == [(0, "translator_failed")]


def test_a_text_that_is_no_unicode_does_not_cost_the_event() -> None:
    """A half of a surrogate pair, as a script cuts it. The worker leaves such a text out."""
    event = made(type="search.performed", query="\ud83d for a@b.example")
    assert finishing.finish(Translation([event]), SHOP).events[0]["query"] == "\ud83d for …"


def test_products_that_are_remembered_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MOST_REMEMBERED", 2)
    kept: dict[Any, Any] = {}
    monkeypatch.setattr(items, "_remembered", kept)
    for number in [0, 1, 2, 0]:
        given = {"name": f"lamp {number}", "price": number}
        assert items.described(SHOP, given, "EUR")["name"] == f"lamp {number}"
        assert len(kept) <= 2
