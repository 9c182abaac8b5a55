"""Prices and lines of commercetools' orders. Source: docs/connect.md, 1.9."""

from typing import Any, Final

from stream.connect import items
from stream.connect.money import currency, minor
from stream.connect.reading import first, is_present, mapping, text
from stream.connect.source import Source

PRICES: Final = ("price.discounted.value", "price.value")
"""Paths of the price of one piece, the best first."""

RENEWS: Final = "recurrenceInfo"
"""A field of a line that a recurring order repeats."""


def line(source: Source, given: dict[str, Any]) -> dict[str, Any] | None:
    price = mapping(first(given, *PRICES))
    code = currency(price.get("currencyCode"))
    return items.ordered(
        source,
        code,
        renews=is_present(given.get(RENEWS)),
        id=first(given, "productId", "variant.sku"),
        variant=first(given, "variant.sku", "variant.id"),
        name=localized(given.get("name")),
        price=amount(price, code),
        quantity=given.get("quantity"),
        image=first(next(iter(_images(given)), None), "url"),
    )


def amount(price: dict[str, Any], code: str | None) -> float | None:
    """An amount of a price in cents. A high-precision price has its own digits, because its cents are rounded."""
    if price.get("type") == "highPrecision":
        return minor(price.get("preciseAmount"), price.get("fractionDigits"), code)
    return minor(price.get("centAmount"), price.get("fractionDigits"), code)


def localized(name: Any) -> str | None:
    """The first text of a localized one."""
    return next((found for each in mapping(name).values() if (found := text(each))), text(name))


def _images(given: dict[str, Any]) -> list[Any]:
    images = mapping(given.get("variant")).get("images")
    return images if isinstance(images, list) else []
