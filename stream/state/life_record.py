"""What is kept of a person for the kinds that follow a customer's life. Source: docs/semantics-life.md, 12 and 13.

Times in ms, NEVER (-1) for what has not happened. A person has none of it until something of it is needed.
"""

from hashlib import sha256
from typing import Final

from msgspec import Struct

from stream import limits
from stream.state.cart import NEVER
from stream.state.whole_order import OrderLine, WholeOrder

KEPT_PURCHASES: Final = 5
"""Of one product."""
KEPT_PRODUCTS: Final = 100


class Course(Struct, array_like=True, gc=False):
    """What a life episode has beside other ones.

    `base`: its steps count from there, NEVER while it waits for a delivery · `ends`: it then closes, NEVER: it does not
    wait · `order_id`, `order_at`: of the order that it is about · `order`: what a post-purchase trigger shows ·
    `line`: the product of a replenishment · `channels`: those of a subscription.
    """

    base: int = NEVER
    ends: int = NEVER
    order_id: str = ""
    order_at: int = NEVER
    order: WholeOrder | None = None
    line: OrderLine | None = None
    channels: list[str] = []


class Purchase(Struct, array_like=True, gc=False):
    """A product in one order, of which there are `units`; `at`: the order's time, if that is not its day · `line`: where
    its data stand among those of the product."""

    order_id: str
    day: int
    units: float
    at: int = NEVER
    line: int = 0

    @property
    def ordered_at(self) -> int:
        return self.day if self.at == NEVER else self.at


class Purchases(Struct, array_like=True, gc=False):
    """The last purchases of one product, by day, then as entered; `lines`: their data, equal ones once."""

    all: list[Purchase] = []
    lines: list[OrderLine] = []


class Interest(Struct, array_like=True, gc=False):
    """When a category or a product that an audience names was last viewed and bought."""

    viewed: int = NEVER
    bought: int = NEVER


class Life(Struct, array_like=True, gc=False):
    """`memory`: of finished life episodes · `welcomed`: recipes that had one, of which a person has one alone ·
    `audiences`: those it belongs to, with the time of entering · `changes`: how often it entered or left one · `bound`: when
    it may enter or leave one without a fact · `interests`: by name, see Named · `spent`: in orders that the record had no
    more room for.
    """

    memory: list[int] = []
    welcomed: list[str] = []
    purchases: dict[str, Purchases] = {}
    audiences: dict[str, int] = {}
    changes: int = 0
    bound: int = NEVER
    interests: dict[str, Interest] = {}
    spent: float = 0.0


def mark_of(recipe: str, origin: str, key_time: int) -> int:
    """A number (32 bits of a hash) by which a person remembers an episode."""
    digest = sha256(f"{recipe}|{origin}|{key_time}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def remember(life: Life, mark: int) -> None:
    if mark not in life.memory:
        life.memory.append(mark)
        del life.memory[: -limits.MOST_REMEMBERED]
