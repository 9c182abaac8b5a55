"""Snapshots of carts, orders and products in triggers. Source: docs/semantics.md, 8."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from stream.state import cart as carts
from stream.state.cart import Line
from stream.state.view import View
from stream.state.whole_order import OrderLine, WholeOrder, currency_shown


class CartItem(Struct):
    product_id: str
    variant_id: str
    quantity: float
    name: str | None
    category: str | None
    price: float | None
    url: str | None
    image: str | None
    currency: str | None


class CartSnapshot(Struct):
    """A cart. `value` None: the items have more than one currency; `currency` is then the cart's own."""

    id: str
    items: list[CartItem]
    value: float | None
    currency: str | None
    url: str | None


class Product(Struct):
    id: str
    name: str | None
    category: str | None
    price: float | None
    url: str | None
    image: str | None


class OrderSnapshot(Struct):
    """An order. `value` None: unknown."""

    id: str
    value: float | None
    currency: str | None
    items: list[CartItem]


class OrderedProduct(Struct):
    """A product of an order. Fields that the order does not have are absent."""

    id: str
    variant_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: float | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


def snapshot(id: str, lines: list[Line], currency: str | None, url: str | None) -> CartSnapshot:
    """The snapshot of a cart. Its currency is that of its lines, if they have one."""
    value = carts.value(lines)
    named = next((line.currency for line in lines if line.currency), None)
    return CartSnapshot(
        id,
        cart_items(lines),
        value,
        currency if value is None or named is None else named,
        url,
    )


def order_snapshot(id: str, order: WholeOrder) -> OrderSnapshot:
    return OrderSnapshot(id, order.value, currency_shown(order), cart_items(order.lines))


def ordered_product(line: OrderLine) -> OrderedProduct:
    def given(text: str | None) -> str | UnsetType:
        return UNSET if text is None else text

    return OrderedProduct(
        line.product_id,
        line.variant_id or UNSET,
        given(line.name),
        given(line.category),
        UNSET if line.price is None else line.price,
        given(line.currency),
        given(line.url),
        given(line.image),
    )


def cart_items(lines: Sequence[Line] | Sequence[OrderLine]) -> list[CartItem]:
    return [
        CartItem(
            line.product_id,
            line.variant_id,
            _written(line.quantity),
            line.name,
            line.category,
            line.price,
            line.url,
            line.image,
            line.currency,
        )
        for line in lines
    ]


def _written(quantity: float) -> float:
    """A quantity for JSON: a whole number without a decimal point."""
    return int(quantity) if quantity == int(quantity) else quantity


def product(view: View | None) -> Product | None:
    if view is None:
        return None
    return Product(view.id, view.name, view.category, view.price, view.url, view.image)
