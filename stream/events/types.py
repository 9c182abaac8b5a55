"""Events of `storefront.events`, a type each. How bytes become one is `decoding`. Source: docs/semantics.md, 2."""

from typing import Annotated, Any, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, field

from stream.events.faults import Fault

BOUND: Final = 10**15
LONGEST_ID: Final = 128
YEAR_2000: Final = 946_684_800_000

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
Hash = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,128}\\Z")]
Integer = Annotated[int, Meta(ge=-BOUND, le=BOUND)]
Time = Annotated[int, Meta(ge=YEAR_2000, le=BOUND)]
Number = Annotated[float, Meta(ge=-BOUND, le=BOUND)]
Contact = Literal["email", "sms", "push", "messenger"]
Channel = Literal["email", "sms", "push", "messenger", "onsite"]
Stage = Literal["contact", "shipping", "payment"]
KindOfPage = Literal[
    "home", "list", "product", "cart", "checkout", "payment", "confirmation", "other"
]
SignalSort = Literal[
    "pointer_top",
    "close_shortcut",
    "back",
    "tab_hidden",
    "scroll_up",
    "window_blur",
    "idle",
    "landing_return",
]
CONTACTS: Final[tuple[str, ...]] = get_args(Contact)
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
STAGES: Final[tuple[str, ...]] = get_args(Stage)
KINDS_OF_PAGE: Final[tuple[str, ...]] = get_args(KindOfPage)
SIGNALS: Final[tuple[str, ...]] = get_args(SignalSort)


class Keys(Struct, gc=False):
    """Keys of identity, in their order."""

    cart: Id | UnsetType = UNSET
    checkout: Id | UnsetType = UNSET
    email: Hash | UnsetType = UNSET
    phone: Hash | UnsetType = UNSET


class Reading(Struct, frozen=True):
    """What the reading of an event found out beside it.

    `faults`: the parts that were left out · `derived`: the visitor is not given, but that of a key ·
    `type`: the name of a type that there is not.
    """

    faults: tuple[Fault, ...] = ()
    derived: bool = False
    type: str = ""


PLAIN: Final = Reading()


class Event(Struct, tag_field="type", gc=False, kw_only=True):
    """What every event has. Times in ms; `client_time` is the storefront's own clock.

    `visitor`: of an event that names none its pseudo-visitor · `customer` None: the customer has gone ·
    `t`: what a line of a backtest's file says of its time, unchecked; of a record nobody reads it ·
    `aside`: a Reading, if the event was read field by field; a document that gives it is.
    """

    id: Id
    visitor: Id
    customer: Id | UnsetType | None = UNSET
    keys: Keys | UnsetType = UNSET
    client_time: Time | UnsetType = UNSET
    t: Any = UNSET
    aside: Any = field(default=None, name="~")

    @property
    def reading(self) -> Reading:
        return PLAIN if self.aside is None else self.aside

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.reading.faults


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
    """`id`: if it was given; else `event:` and the event's id."""

    id: str = ""
    value: Number | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    cart_id: Id | UnsetType = UNSET
    recurring: bool = False


class CancelledOrder(Struct, gc=False):
    id: Id


class FailedOrder(Struct, gc=False):
    id: Id | UnsetType = UNSET
    recurring: bool = False


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
    stage: Stage


class PaymentFailed(Event, tag="payment.failed", gc=False):
    code: str | UnsetType = UNSET
    order: FailedOrder | UnsetType = UNSET


class ActivityPinged(Event, tag="activity.pinged", gc=False):
    pass


class OrderPlaced(Event, tag="order.placed", gc=False):
    order: Order


class OrderCancelled(Event, tag="order.cancelled", gc=False):
    order: CancelledOrder


class VisitorIdentified(Event, tag="visitor.identified", gc=False):
    contacts: list[Contact] | UnsetType = UNSET
    traits: Traits | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET


class ConsentChanged(Event, tag="consent.changed", gc=False):
    channels: list[Channel]
    granted: bool


class ExitSignal(Event, tag="exit.signal", gc=False):
    signal: SignalSort
    held_ms: Number | UnsetType = UNSET
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
LEAVES: Final = frozenset(AnyEvent.__args__) - {
    OrderPlaced,
    OrderCancelled,
    ConsentChanged,
    ExitSignal,
}
"""Where `customer: null` says that the customer has gone: engaged events, and visitor.identified."""
