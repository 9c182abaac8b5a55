"""Products and lines in the messages of Segment's specification. Source: docs/connect.md, 1.1."""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items
from stream.connect.ids import identifier
from stream.connect.money import currency
from stream.connect.reading import document_in, first, mapping
from stream.connect.source import Source

IDS: Final = ("product_id", "sku", "id")
"""Names of a product's id, the best first."""


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The values of a product or a line, by our names."""
    return {
        "id": first(given, *IDS),
        "variant": first(given, "variant_id", "shopify_variant_id", "variant"),
        "image": first(given, "image_url", "image"),
        "name": first(given, "name", "title"),
        "category": given.get("category"),
        "price": given.get("price"),
        "currency": given.get("currency"),
        "url": given.get("url"),
        "quantity": given.get("quantity"),
    }


def products(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The products of a message: its properties, or the list in them if they have no id."""
    given = listed(properties) if "products" in properties else None
    if not given or first(properties, *IDS) is not None:
        return [properties]
    return [mapping(each) for each in given]


def listed(properties: dict[str, Any]) -> list[Any] | None:
    """The list of products. Some shops give a single product in its place, or the JSON of either. None without one."""
    given = properties.get("products")
    if isinstance(given, str) and given.lstrip()[:1] in ("[", "{"):
        given = document_in(given)
    if isinstance(given, dict):
        return [given]
    return given if isinstance(given, list) else None


def money_of(properties: dict[str, Any]) -> str | None:
    return currency(properties.get("currency"))


CART_IDS: Final = ("cart_id", "cartId")


def cart_id(properties: dict[str, Any]) -> str | None:
    return identifier(first(properties, *CART_IDS))


def whole_cart(properties: dict[str, Any], source: Source) -> dict[str, Any]:
    lines = _lines(properties, source, items.item)
    return items.cart(source, lines, id=cart_id(properties), currency=money_of(properties))


def ordered(properties: dict[str, Any], source: Source) -> list[dict[str, Any] | None]:
    """The lines of an order."""
    return _lines(properties, source, items.ordered)


def _lines(
    properties: dict[str, Any], source: Source, line: Callable[..., dict[str, Any] | None]
) -> list[dict[str, Any] | None]:
    code, given = money_of(properties), listed(properties) or ()
    return [line(source, code, **fields(mapping(each))) for each in given]
