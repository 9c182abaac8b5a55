"""Data that a visitor keeps of its orders. Source: docs/semantics.md, 3. Times are in ms."""

from msgspec import Struct

from stream.state.cart import Line


class Kept(Struct, array_like=True, gc=False):
    """The last order of this visitor, and the cart that it emptied.

    `cart_id`: of the visitor's cart · `empty`: the cart has been empty since · `started`: a checkout.started
    came since · `cancelled`: an order.cancelled for it came since · `keys`: those to which its claims went ·
    `bought_under`: the cart id under which its lines count as bought.
    """

    id: str
    at: int
    cart_id: str
    from_shop: bool
    lines: list[Line] = []
    keys: list[str] = []
    empty: bool = True
    started: bool = False
    cancelled: bool = False
    bought_under: str = ""


class Gone(Struct, array_like=True, gc=False):
    """An order that was taken out of the record: cancelled, or unpaid."""

    id: str
    at: int
    unpaid: bool = False


class TakenLines(Struct, array_like=True, gc=False):
    """The lines that one cart.updated removed, all that the cart had."""

    at: int
    lines: list[Line]
