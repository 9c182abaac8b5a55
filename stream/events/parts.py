"""Parts of events: products, items, carts, orders. Source: docs/semantics.md, 2."""

from msgspec import UNSET, Struct, UnsetType

from stream.events.words import Hash, Id, Integer, KindOfPage, Number


class Keys(Struct, gc=False):
    """Keys of identity, in their order."""

    cart: Id | UnsetType = UNSET
    checkout: Id | UnsetType = UNSET
    email: Hash | UnsetType = UNSET
    phone: Hash | UnsetType = UNSET


class Page(Struct, gc=False):
    path: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    kind: KindOfPage | UnsetType = UNSET


class Product(Struct, gc=False):
    id: Id
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: Number | UnsetType = UNSET
    url: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


class Item(Struct, gc=False):
    product_id: Id
    quantity: Number = 1.0
    variant_id: Id | UnsetType = UNSET
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: Number | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


class OrderItem(Item, gc=False):
    """An item of an order. `renews`: a subscription will deliver it again."""

    renews: bool | UnsetType = UNSET


class RemovedItem(Struct, gc=False):
    product_id: Id
    variant_id: Id | UnsetType = UNSET
    quantity: Number | UnsetType = UNSET


class WholeCart(Struct, gc=False):
    items: list[Item]
    id: Id | UnsetType = UNSET
    version: Integer | UnsetType = UNSET
    url: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET


class Order(Struct, gc=False):
    """An order. `id`: as given, else `event:` and the event's id."""

    id: str = ""
    value: Number | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    cart_id: Id | UnsetType = UNSET
    recurring: bool = False
    items: list[OrderItem] | UnsetType = UNSET


class CancelledOrder(Struct, gc=False):
    id: Id


class FailedOrder(Struct, gc=False):
    id: Id | UnsetType = UNSET
    recurring: bool = False


class Traits(Struct, gc=False):
    orders: Integer | UnsetType = UNSET
    value: Number | UnsetType = UNSET
