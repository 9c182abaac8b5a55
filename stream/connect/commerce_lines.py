"""Products and lines in the messages of Segment's specification. Source: docs/connect.md, 1.1."""

from typing import Any, Final

from stream.connect import items
from stream.connect.ids import identifier
from stream.connect.money import currency
from stream.connect.reading import first, listing, mapping
from stream.connect.source import Source

IDS: Final = ("product_id", "sku", "id")
"""What a product's id is called, the best first."""


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """A product's or a line's values by our names."""
    return {
        "id": first(given, *IDS),
        "variant": first(given, "variant_id", "variant"),
        "image": first(given, "image_url", "image"),
        "name": given.get("name"),
        "category": given.get("category"),
        "price": given.get("price"),
        "currency": given.get("currency"),
        "url": given.get("url"),
        "quantity": given.get("quantity"),
    }


def products(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """What a message is about: its properties, or the products in them if these have no id."""
    told = properties.get("products")
    if not told or first(properties, *IDS) is not None:
        return [properties]
    return [mapping(each) for each in (told if isinstance(told, list) else [told])]


def money_of(properties: dict[str, Any]) -> str | None:
    return currency(properties.get("currency"))


def cart_id(properties: dict[str, Any]) -> str | None:
    return identifier(properties.get("cart_id"))


def whole_cart(properties: dict[str, Any], source: Source) -> dict[str, Any]:
    code = money_of(properties)
    given = listing(properties.get("products"))
    lines = [items.item(source, code, **fields(mapping(each))) for each in given]
    return items.cart(source, lines, id=cart_id(properties), currency=code)


def ordered(properties: dict[str, Any], source: Source) -> list[dict[str, Any] | None]:
    """The lines of an order."""
    code = money_of(properties)
    given = listing(properties.get("products"))
    return [items.ordered(source, code, **fields(mapping(each))) for each in given]
