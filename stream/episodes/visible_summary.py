"""Finds the parts of an idle visitor's summary that count, given the person's orders.

Source: docs/semantics.md, 6, "What counts of a summary". Every kind that decides on a summary uses this. A later
order checks open episodes by the same rule.
"""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from stream.durations import HOUR
from stream.state import bought
from stream.state import cart as carts
from stream.state.bought import KnownCart
from stream.state.cart import Line
from stream.state.facts import CartSummary, Idle
from stream.state.person import NO_ORDER, Person
from stream.state.visitor import Checkout

AFTER_ORDER: Final = 24 * HOUR
"""Ms: a checkout this shortly after an order does not count, unless its cart does."""


class Counted(NamedTuple):
    """The lines and the checkout that count. `old`: the cart counts as empty, but closes no episode."""

    lines: list[Line]
    checkout: Checkout | None
    old: bool


def count(person: Person, cart: CartSummary, checkout: Checkout | None, at: int) -> Counted:
    """The parts of a cart and its checkout that count at `at` (ms)."""
    return _count(person, person.last_order, cart, checkout, at)


def _count(
    person: Person, last: int, cart: CartSummary, checkout: Checkout | None, at: int
) -> Counted:
    """`last`: the time (ms) of the person's last order."""
    if last == NO_ORDER:
        old = not cart.lines and cart.changed_at == carts.NEVER and checkout is None
        return Counted(cart.lines, checkout, old)
    lines = [line for line in cart.lines if line.since > last]
    if cart.id in person.bought and not all(line.added for line in lines):
        held = bought.bought_now(person.bought[cart.id], at)
        lines = [line for line in lines if not _is_bought(line, held)]
    old = not lines if cart.lines else cart.changed_at <= last
    if checkout is not None and _is_closed(checkout, last, bool(cart.lines), old):
        checkout = None
    if checkout is not None and not lines:
        return Counted(cart.lines, checkout, False)
    return Counted(lines, checkout, old)


def _is_bought(line: Line, held: AbstractSet[tuple[str, str, float]]) -> bool:
    return not line.added and (line.product_id, line.variant_id, line.quantity) in held


def _is_closed(checkout: Checkout, last: int, filled: bool, old: bool) -> bool:
    if checkout.started_at <= last:
        return True
    without = not filled or (old and not checkout.failed)
    return without and checkout.started_at - last < AFTER_ORDER


class VisibleSummary:
    """A summary, reduced to the parts that count given the person's orders.

    `lines`, `checkout`, `contents`: those that count · `stale`: the person is known to have had this cart later,
    with other contents · `last`: the time (ms) of the person's last order · `held`: all lines of the
    summary, as a KnownCart keeps them.
    """

    __slots__ = (
        "_evidence",
        "_summary",
        "cart",
        "checkout",
        "contents",
        "given_contents",
        "held",
        "last",
        "lines",
        "old",
        "stale",
    )

    def __init__(self, person: Person, fact: Idle) -> None:
        self._summary = summary = fact.summary
        self._evidence: list[str] | None = None
        self.cart = cart = summary.cart
        self.last = person.last_placed
        last = NO_ORDER if self.last is None else self.last.at
        self.lines, self.checkout, self.old = _count(person, last, cart, summary.checkout, fact.at)
        self.held = bought.held(cart.lines)
        known = person.carts.get(cart.id)
        same = known is not None and self.held and known.lines == self.held
        self.given_contents = known.contents if known and same else carts.fingerprint(cart.lines)
        self.contents = self.given_contents if self.whole else carts.fingerprint(self.lines)
        self.stale = (
            known is not None
            and known.changed_at > last
            and cart.changed_at < known.changed_at
            and self.given_contents != known.contents
        )

    @property
    def whole(self) -> bool:
        """Whether all lines count."""
        return len(self.lines) == len(self.cart.lines)

    @property
    def given(self) -> carts.Contents:
        return carts.contents(self.cart.lines)

    @property
    def evidence(self) -> list[str]:
        """The ids of all events behind the summary."""
        if self._evidence is None:
            summary = self._summary
            self._evidence = [view.event for view in summary.views] + summary.evidence
        return self._evidence

    @property
    def is_buying(self) -> bool:
        return bool(self.lines) or self.checkout is not None

    @property
    def looked_at(self) -> str | None:
        """The category of the subject, if it has one."""
        return self._summary.subject.category if self._summary.subject is not None else None

    @property
    def categories(self) -> frozenset[str]:
        """The categories of the lines that count. Without lines: that of the subject."""
        found = [line.category for line in self.lines] if self.lines else [self.looked_at]
        return frozenset([each for each in found if each is not None])


def remember(person: Person, seen: VisibleSummary, at: int) -> None:
    """Updates what is known of a summary's cart: the lines bought under its id, and its contents."""
    id, cart, last = seen.cart.id, seen.cart, seen.last
    if not seen.stale and last is not None:
        if id in person.bought and cart.changed_at > last.at + bought.AFTER_ORDER:
            by_hand = any(line.added for line in cart.lines)
            if not by_hand:
                bought.keep_only(person.bought, id, seen.given)
        if seen.old and cart.lines:
            bought.add(person.bought, id, seen.given, last, at)
    if cart.lines and id in person.bought:
        bought.show(person.bought, id, seen.given, at)
    known = person.carts.get(id)
    if known is None or cart.changed_at >= known.changed_at:
        person.carts[id] = KnownCart(cart.changed_at, seen.given_contents, seen.held)
