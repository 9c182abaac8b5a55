"""Section 4: the facts and claims between stages."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference.orders import Order, Window


@dataclass(order=True)
class Fact:
    """A fact to a person, or a claim to a key, ordered as in section 1."""

    at: int
    visitor: str
    n: int
    to: str = field(compare=False)
    kind: str = field(compare=False)
    body: Any = field(compare=False, default=None)

    def is_copy(self, last: "Fact | None") -> bool:
        """Whether it has the place of the last one of its person or key."""
        return last is not None and not last < self


@dataclass
class HandedOver:
    """The body of a `visitor.identified` from a login or a key: orders, oldest first, then consent."""

    orders: list[Order] = field(default_factory=list)
    consent: dict[str, bool] = field(default_factory=dict)
    subscription: list[str] | None = None
    watches: list[tuple[dict[str, Any], int]] = field(default_factory=list)
    visitor: str = ""


@dataclass
class Cancelled:
    """An `order.cancelled`; one of an unpaid order has the window."""

    id: str
    window: Window | None = None


@dataclass
class Delivered:
    """An `order.delivered`."""

    id: str


@dataclass
class Consent:
    """A `consent.changed`; a late grant lifts no withdrawal."""

    channels: list[str]
    granted: bool
    late: bool = False
    old: bool = False

    def applied_to(self, known: dict[str, bool]) -> dict[str, bool]:
        """The consents after this one is applied."""
        if self.granted and self.late:
            kept = {channel for channel, granted in known.items() if not granted}
            return known | {channel: True for channel in self.channels if channel not in kept}
        return known | dict.fromkeys(self.channels, self.granted)
