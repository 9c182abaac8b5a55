"""What an idle visitor's summary shows of cart and checkout, as the person's record lets it count.

Source: docs/semantics.md, 6. Whoever decides on a summary, of the funnel or not, looks through this.
"""

from stream.state import cart as carts
from stream.state.facts import Idle
from stream.state.person import KnownCart, Person
from stream.state.visitor import Checkout


class Seen:
    """A checkout of at or before the last order counts as closed, a cart of then as empty unless its checkout
    is open; such an old cart closes nothing as emptied. What is kept of it is what was given: an order may
    be taken back. `evidence`: ids of all events behind the summary.
    """

    def __init__(self, person: Person, fact: Idle) -> None:
        given, self.last_order = fact.summary.cart, person.last_order
        checkout = fact.summary.checkout
        opened = checkout is not None and checkout.started_at > self.last_order
        self.checkout: Checkout | None = checkout if opened else None
        self.old = given.changed_at <= self.last_order and not opened
        self.cart = given
        self.lines = [] if self.old else given.lines
        self.given_contents = carts.fingerprint(given.lines)
        self.contents = "" if self.old else self.given_contents
        self._summary = fact.summary

    @property
    def evidence(self) -> list[str]:
        return [view.event for view in self._summary.views] + self._summary.evidence

    @property
    def is_buying(self) -> bool:
        return bool(self.lines) or self.checkout is not None

    def is_older_than(self, known: KnownCart | None) -> bool:
        """The person is known to have had this cart later, with other contents."""
        return (
            known is not None
            and known.changed_at > self.last_order
            and self.cart.changed_at < known.changed_at
            and self.contents != known.contents
        )
