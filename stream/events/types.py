"""Events of `storefront.events`, a type each. How bytes become one is `decoding`. Source: docs/semantics.md, 2."""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

BOUND: Final = 10**15

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Integer = Annotated[int, Meta(ge=-BOUND, le=BOUND)]
Number = Annotated[float, Meta(ge=-BOUND, le=BOUND)]
Quantity = Annotated[int, Meta(ge=1, le=BOUND)]
Contact = Literal["email", "sms", "push", "messenger"]
Channel = Literal["email", "sms", "push", "messenger", "onsite"]


class Event(Struct, tag_field="type", gc=False, kw_only=True):
    """What every event has. Times in ms; `client_time` is the storefront's own clock.

    `t`: what a line of a backtest's file says of its time, unchecked; of a record nobody reads it.
    """

    id: Id
    visitor: Id
    customer: Id | UnsetType = UNSET
    client_time: Integer | UnsetType = UNSET
    t: Any = UNSET


class Page(Struct, gc=False):
    path: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    kind: (
        Literal[
            "home",
            "list",
            "product",
            "cart",
            "checkout",
            "payment",
            "confirmation",
            "other",
        ]
        | UnsetType
    ) = UNSET


class Product(Struct, gc=False):
    id: Id
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: Number | UnsetType = UNSET
    url: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


class Item(Struct, gc=False):
    product_id: Id
    quantity: Quantity
    variant_id: Id | UnsetType = UNSET
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: Number | UnsetType = UNSET
    url: str | UnsetType = UNSET
    image: str | UnsetType = UNSET


class RemovedItem(Struct, gc=False):
    product_id: Id
    variant_id: Id | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET


class WholeCart(Struct, gc=False):
    items: list[Item]
    id: Id | UnsetType = UNSET
    version: Integer | UnsetType = UNSET
    url: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET


class Order(Struct, gc=False):
    id: Id
    value: Number | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    cart_id: Id | UnsetType = UNSET


class CancelledOrder(Struct, gc=False):
    id: Id


class Traits(Struct, gc=False):
    orders: Integer | UnsetType = UNSET
    value: Number | UnsetType = UNSET


class PageViewed(Event, tag="page.viewed", gc=False):
    page: Page | UnsetType = UNSET


class ProductViewed(Event, tag="product.viewed", gc=False):
    product: Product


class CategoryViewed(Event, tag="category.viewed", gc=False):
    category: str


class SearchPerformed(Event, tag="search.performed", gc=False):
    query: str


class CartUpdated(Event, tag="cart.updated", gc=False):
    cart: WholeCart


class CartItemAdded(Event, tag="cart.item_added", gc=False):
    item: Item


class CartItemRemoved(Event, tag="cart.item_removed", gc=False):
    item: RemovedItem


class CheckoutStarted(Event, tag="checkout.started", gc=False):
    pass


class CheckoutAdvanced(Event, tag="checkout.advanced", gc=False):
    stage: Literal["contact", "shipping", "payment"]


class PaymentFailed(Event, tag="payment.failed", gc=False):
    code: str | UnsetType = UNSET


class ActivityPinged(Event, tag="activity.pinged", gc=False):
    pass


class OrderPlaced(Event, tag="order.placed", gc=False):
    order: Order


class OrderCancelled(Event, tag="order.cancelled", gc=False):
    order: CancelledOrder


class VisitorIdentified(Event, tag="visitor.identified", gc=False):
    customer: Id
    contacts: list[Contact] | UnsetType = UNSET
    traits: Traits | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET


class ConsentChanged(Event, tag="consent.changed", gc=False):
    channels: list[Channel]
    granted: bool


class ExitSignal(Event, tag="exit.signal", gc=False):
    signal: Literal[
        "pointer_top",
        "close_shortcut",
        "back",
        "tab_hidden",
        "scroll_up",
        "window_blur",
        "idle",
        "landing_return",
    ]
    held_ms: float | UnsetType = UNSET
    form_focus: bool | UnsetType = UNSET


AnyEvent = (
    PageViewed
    | ProductViewed
    | CategoryViewed
    | SearchPerformed
    | CartUpdated
    | CartItemAdded
    | CartItemRemoved
    | CheckoutStarted
    | CheckoutAdvanced
    | PaymentFailed
    | ActivityPinged
    | OrderPlaced
    | OrderCancelled
    | VisitorIdentified
    | ConsentChanged
    | ExitSignal
)

TAGS: Final = {kind: str(kind.__struct_config__.tag) for kind in AnyEvent.__args__}
TYPES: Final = frozenset(TAGS.values())
APPLIED_LATE: Final = frozenset((OrderPlaced, OrderCancelled, ConsentChanged, VisitorIdentified))
"""Late events that are applied all the same: what they say stays true."""
