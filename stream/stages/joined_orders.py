"""Counts orders by whether they can end a reminder: nothing is left behind by somebody of whom only orders come.

A visitor is seen once it has looked at something, or a cart or a checkout of it has changed. An order of any other visitor
is joined if its customer or a key names a person who has a visitor that was seen. Counts serve the metrics alone.
"""

from typing import Final

from stream.durations import HOUR
from stream.events.owner import MARK, is_pseudo
from stream.outputs.outputs import Outputs
from stream.state.cart import NEVER
from stream.state.facts import Identified, Ordered
from stream.state.person import Person
from stream.state.visitor import Visitor

COUNTED: Final = "orders"
JUST_NOW: Final = HOUR
"""Ms: a visitor that becomes a person so soon after the person's order is taken for the one who ordered.

Larger: a login counts an order of another place. Smaller: a server's order that came before the page's login counts as
joined by nobody.
"""

_NO_DEVICE: Final = f"visitor:{MARK}"


def placed(state: Visitor, out: Outputs) -> None:
    """Counts an order that was entered for a visitor, as seen or unseen."""
    out.counts[COUNTED, "unseen" if state.last_sign == NEVER else "seen"] += 1


def joined(person: Person, fact: Ordered, out: Outputs) -> None:
    """Counts an order that was entered for a person of whom only other visitors were seen."""
    if not fact.recurring and _is_seen(person, fact.visitor):
        out.counts[COUNTED, "joined"] += 1


def handed_over(person: Person, fact: Identified, out: Outputs) -> None:
    """Counts the orders that a key hands over to such a person, or the order that a page's login comes just after."""
    if is_pseudo(fact.visitor):
        orders = [order for order in fact.orders if not order.recurring]
        if orders and _is_seen(person, fact.visitor):
            out.counts[COUNTED, "joined"] += len(orders)
    elif fact.event and not person.visitors:
        last = person.last_placed
        if last is not None and fact.at - last.at <= JUST_NOW:
            out.counts[COUNTED, "joined"] += 1


def _is_seen(person: Person, sender: str) -> bool:
    """Whether other visitors of the person were seen, but not `sender`, the visitor of the fact.

    Of a visitor without a customer or a contact nothing is told before it is idle, but a key forwards to it at once.
    """
    if person.visitors:
        return sender not in person.visitors
    return is_pseudo(sender) and not person.is_known and not person.id.startswith(_NO_DEVICE)
