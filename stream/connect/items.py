"""Products and lines of carts, from values in any form that a source writes.

Source: docs/semantics.md, 2, "Items"; docs/connect.md, 2.5 and 2.6.
"""

from typing import Any

from stream.connect import money
from stream.connect.ids import thing
from stream.connect.reading import text
from stream.connect.source import Source
from stream.connect.translation import compact
from stream.connect.urls import clean_url


def described(source: Source, given: dict[str, Any], currency: str | None) -> dict[str, Any]:
    """name, category, price, currency, url and image of a product."""
    own = money.currency(given.get("currency")) or currency or source.currency
    price = money.money(given.get("price"), own)
    url, image = given.get("url"), given.get("image")
    return compact(
        name=text(given.get("name")),
        category=text(given.get("category")),
        price=price,
        currency=own if price is not None else None,
        url=None if url is None else clean_url(url, source.url_parameters),
        image=None if image is None else clean_url(image, source.url_parameters),
    )


def product(source: Source, currency: str | None = None, /, **given: Any) -> dict[str, Any] | None:
    """A product. `given`: id, name, category, price, currency, url, image. None without an id.

    Our products have no currency of their own.
    """
    name = thing(given.get("id"))
    if name is None:
        return None
    facts = described(source, given, currency)
    facts.pop("currency", None)
    return {"id": name, **facts}


def item(source: Source, currency: str | None = None, /, **given: Any) -> dict[str, Any] | None:
    """A line: a product with variant and quantity. None without an id, or with an absurd quantity.

    A missing or unreadable quantity counts as 1.
    """
    name = thing(given.get("id"))
    pieces = money.quantity(given.get("quantity"))
    pieces = 1 if pieces is None else pieces
    if name is None or not money.is_line(pieces):
        return None
    variant = compact(variant_id=thing(given.get("variant")))
    return {
        "product_id": name,
        **variant,
        "quantity": pieces,
        **described(source, given, currency),
    }


def removed(**given: Any) -> dict[str, Any] | None:
    """A removed line. `given`: id, variant, quantity. Without a readable quantity the whole line goes."""
    name = thing(given.get("id"))
    pieces = money.quantity(given.get("quantity"))
    if name is None or (pieces is not None and not money.is_line(pieces)):
        return None
    return compact(product_id=name, variant_id=thing(given.get("variant")), quantity=pieces)


def cart(
    source: Source,
    lines: list[dict[str, Any] | None],
    *,
    id: str | None = None,
    version: int | None = None,
    url: Any = None,
    currency: str | None = None,
) -> dict[str, Any]:
    """A whole cart. Lines that are None are left out."""
    return compact(
        id=id,
        version=version,
        items=[line for line in lines if line is not None],
        url=clean_url(url, source.url_parameters),
        currency=currency or source.currency,
    )


def order(
    source: Source,
    *,
    id: Any,
    value: Any = None,
    currency: Any = None,
    cart_id: str | None = None,
) -> dict[str, Any]:
    """An order. It may lack an id."""
    code = money.currency(currency) or source.currency
    amount = money.money(value, code)
    return compact(
        id=thing(id),
        value=amount,
        currency=code if amount is not None else None,
        cart_id=cart_id,
    )
