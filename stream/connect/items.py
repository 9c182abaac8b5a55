"""Products and lines of carts, from values in any form that a source writes.

Source: docs/semantics.md, 2, "Items"; docs/connect.md, 2.5 and 2.6.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from stream.connect import money
from stream.connect.ids import thing
from stream.connect.lost import LOST, NO_LINE, gathered, marked, unread
from stream.connect.reading import text, whole
from stream.connect.source import Source
from stream.connect.translation import compact
from stream.connect.urls import clean_url

FACTS: Final = ("name", "category", "currency", "url", "image")
LONGEST_REMEMBERED: Final = 256
"""Characters of a text that is remembered. Shoppers look at the same products again and again."""

MOST_REMEMBERED: Final = 4_096
PRICES: Final = frozenset({str, int, float, type(None)})
_remembered: Final[dict[Any, dict[str, Any]]] = {}
"""Read facts by what was given, all of it text or nothing but for the price. 1 and True are equal, so its type is in the key."""


def described(source: Source, given: dict[str, Any], currency: str | None) -> dict[str, Any]:
    """name, category, price, currency, url and image of a product."""
    price, texts = given.get("price"), tuple(map(given.get, FACTS))
    own, parameters = currency or source.currency, source.url_parameters
    try:
        return _remembered[own, parameters, type(price), price, texts].copy()
    except (KeyError, TypeError):  # unknown, or something that is no text
        found = _described(own, parameters, price, *texts)
    if type(price) in PRICES and all(map(_is_short, (str(price), *texts))):
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[own, parameters, type(price), price, texts] = found.copy()
    return found


def _is_short(value: Any) -> bool:
    return value is None or (type(value) is str and len(value) <= LONGEST_REMEMBERED)


def _described(
    currency: str | None,
    parameters: frozenset[str],
    cost: Any,
    name: Any,
    category: Any,
    named: Any,
    url: Any,
    image: Any,
) -> dict[str, Any]:
    """The read facts of a product. `currency`: of a product that names none · `named`: the currency that it names."""
    code = money.currency(named)
    own = code or currency
    price = money.money(cost, own)
    url_read = None if url is None else clean_url(url, parameters)
    image_read = None if image is None else clean_url(image, parameters)
    found = compact(
        name=text(name),
        category=text(category),
        price=price,
        currency=own if price is not None else None,
        url=url_read,
        image=image_read,
    )
    read = {"price": (cost, price), "currency": (named, code)}
    return marked(found, unread(**read, url=(url, url_read), image=(image, image_read)))


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
    name, quantity = thing(given.get("id")), given.get("quantity")
    counted = money.quantity(quantity)
    pieces = 1 if counted is None else counted
    if name is None or not money.is_line(pieces):
        return None
    found = described(source, given, currency)
    line = {
        "product_id": name,
        **compact(variant_id=thing(given.get("variant"))),
        "quantity": pieces,
        **found,
    }
    if counted is None and (lost := unread(quantity=(quantity, None))):
        return {**line, LOST: [*lost, *found.get(LOST, [])]}
    return line


def ordered(
    source: Source, currency: str | None = None, /, renews: bool = False, **given: Any
) -> dict[str, Any] | None:
    """A line of an order. `renews`: a subscription will bring it again."""
    line = item(source, currency, **given)
    return line if line is None or not renews else {**line, "renews": True}


def removed(**given: Any) -> dict[str, Any] | None:
    """A removed line. `given`: id, variant, quantity. Without a readable quantity the whole line goes."""
    name, quantity = thing(given.get("id")), given.get("quantity")
    pieces = money.quantity(quantity)
    if name is None or (pieces is not None and not money.is_line(pieces)):
        return None
    line = compact(product_id=name, variant_id=thing(given.get("variant")), quantity=pieces)
    return marked(line, unread(quantity=(quantity, pieces)))


def each(type: str, lines: Sequence[dict[str, Any] | None]) -> list[tuple[str, dict[str, Any]]]:
    """A body of this type for each line that is not None. The first body names the lines that were None."""
    bodies: list[tuple[str, dict[str, Any]]] = [(type, {"item": line}) for line in lines if line]
    if bodies and len(bodies) < len(lines):
        none = [(f"items[{index}]", NO_LINE) for index, line in enumerate(lines) if not line]
        bodies[0][1][LOST] = none
    return bodies


def cart(
    source: Source,
    lines: list[dict[str, Any] | None],
    *,
    id: str | None = None,
    version: int | None = None,
    url: Any = None,
    currency: str | None = None,
) -> dict[str, Any]:
    """A whole cart. Lines that are None are left out and reported."""
    kept, lost = gathered(lines, "items")
    link = clean_url(url, source.url_parameters)
    found = compact(
        id=id,
        version=version,
        items=kept,
        url=link,
        currency=currency or source.currency,
    )
    return marked(found, [*lost, *unread(url=(url, link))])


def order(
    source: Source,
    *,
    id: Any,
    value: Any = None,
    currency: Any = None,
    cart_id: str | None = None,
    lines: Iterable[dict[str, Any] | None] = (),
) -> dict[str, Any]:
    """An order, with or without an id. Lines that are None are left out and reported."""
    own = money.currency(currency)
    code = own or source.currency
    amount = money.money(value, code)
    kept, lost = gathered(lines, "items")
    found = compact(
        id=thing(id),
        value=amount,
        currency=code if amount is not None else None,
        cart_id=cart_id,
        items=kept or None,
    )
    return marked(found, [*unread(value=(value, amount), currency=(currency, own)), *lost])


def traits(orders: Any, value: Any, currency: str | None = None) -> dict[str, Any]:
    """The traits of a customer: the number of orders, and their value."""
    count, worth = whole(orders), money.money(value, currency)
    lost = unread(orders=(orders, count), value=(value, worth))
    return marked(compact(orders=count, value=worth), lost)
