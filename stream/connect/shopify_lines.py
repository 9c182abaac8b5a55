"""Lines of Shopify's carts, checkouts and orders, in the shop's money. Source: docs/connect.md, 1.3.1."""

from typing import Any, Final

from stream.connect import items
from stream.connect.money import currency
from stream.connect.reading import first, is_present
from stream.connect.shopify_ids import plain
from stream.connect.source import Source

SETS: Final = ("discounted_price_set", "price_set")
CODES: Final = tuple(f"{name}.shop_money.currency_code" for name in SETS)
PRICES: Final = (
    "discounted_price_set.shop_money.amount",
    "discounted_price",
    "price_set.shop_money.amount",
    "price",
)
"""Paths of the price of one piece, the best first."""

PLAN: Final = "selling_plan_allocation"
"""A field of a line that a subscription repeats."""


def line_currency(body: dict[str, Any], lines: list[Any]) -> str | None:
    codes = (first(line, *CODES) for line in lines)
    return currency(next((code for code in codes if code is not None), body.get("currency")))


def cart_line(source: Source, line: dict[str, Any], code: str | None) -> dict[str, Any] | None:
    return items.item(source, code, **_fields(line))


def ordered_line(source: Source, line: dict[str, Any], code: str | None) -> dict[str, Any] | None:
    renews = is_present(line.get(PLAN))
    return items.ordered(source, code, renews=renews, **_fields(line))


def _fields(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": plain(line.get("product_id")),
        "variant": plain(line.get("variant_id")),
        "quantity": line.get("quantity"),
        "name": first(line, "title", "name"),
        "price": first(line, *PRICES),
    }
