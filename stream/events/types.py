"""The events of `storefront.events`, one class for each type. `decoding` reads them. Source: docs/semantics.md, 2."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType, field

from stream.events.faults import Fault
from stream.events.parts import (
    CancelledOrder,
    FailedOrder,
    Item,
    Keys,
    Order,
    Page,
    Product,
    RemovedItem,
    Traits,
    WholeCart,
)
from stream.events.words import (
    Channel,
    Contact,
    Id,
    Number,
    SignalSort,
    Stage,
    Time,
)


class Reading(Struct, frozen=True):
    """Notes from reading an event.

    `faults`: the parts that were left out · `derived`: the event has no visitor, so that of a key is used ·
    `type`: the name of an unknown type.
    """

    faults: tuple[Fault, ...] = ()
    derived: bool = False
    type: str = ""


PLAIN: Final = Reading()


class Event(Struct, tag_field="type", gc=False, kw_only=True):
    """The fields of every event. Times in ms; `client_time` is by the storefront's clock.

    `visitor`: the pseudo-visitor if the event names none · `customer` None: the customer has logged out ·
    `t`: the unchecked time in a line of a backtest file; unused in records ·
    `aside`: a Reading, if the event was read field by field. A document with this field is read that way.
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
    """An order was placed. `imported`: it is from an earlier time, so it is old."""

    order: Order
    imported: bool | UnsetType = UNSET


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


class VisitorSubscribed(Event, tag="visitor.subscribed", gc=False):
    """A visitor subscribed. `imported`: as of an order."""

    channels: list[Channel]
    imported: bool | UnsetType = UNSET


class OrderDelivered(Event, tag="order.delivered", gc=False):
    order: CancelledOrder


class PersonErased(Event, tag="person.erased", gc=False):
    """The persons that this event names must be erased."""


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
    | VisitorSubscribed
    | OrderDelivered
    | PersonErased
)

TAGS: Final = {kind: str(kind.__struct_config__.tag) for kind in AnyEvent.__args__}
TYPES: Final = frozenset(TAGS.values())
APPLIED_LATE: Final = frozenset(
    (
        OrderPlaced,
        OrderCancelled,
        OrderDelivered,
        ConsentChanged,
        VisitorSubscribed,
        VisitorIdentified,
        PersonErased,
    )
)
"""Types whose events are applied even if they are late, because they are still true."""
LEAVES: Final = frozenset(AnyEvent.__args__) - {
    OrderPlaced,
    OrderCancelled,
    ConsentChanged,
    ExitSignal,
    VisitorSubscribed,
    OrderDelivered,
    PersonErased,
}
"""Types in which `customer: null` means that the customer has logged out: engaged events, and visitor.identified."""
