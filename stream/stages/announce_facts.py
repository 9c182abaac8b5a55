"""Facts about a visitor's presence and person, for the people stage. Source: docs/semantics.md, 4.

Every fact takes the visitor's next fact number. After a change of person, nothing counts as sent to the new person.
Facts about single events are in `own_facts.py`.
"""

from stream.outputs.outputs import Outputs
from stream.state import facts
from stream.state.cart import NEVER, contents
from stream.state.checkout import open_checkout, settle, something_to_act_on
from stream.state.facts import CartSummary, Summary, number
from stream.state.in_time import Attributed
from stream.state.orders import HandedOrder, OrderEntry
from stream.state.visitor import ACTIVE, IDLE, IDLE_AFTER, NOTHING, Visitor


def idle(state: Visitor, t: int, out: Outputs) -> None:
    settle(state, t)
    shown = summary(state, t)
    fact = facts.Idle(
        at=t,
        visitor=state.id,
        n=number(state),
        person=state.person,
        summary=shown,
    )
    state.sent = IDLE
    state.shown = bool(shown.cart.lines) or shown.checkout is not None
    out.add_fact(fact)


def active(state: Visitor, t: int, out: Outputs) -> None:
    fact = facts.Active(
        at=t,
        visitor=state.id,
        n=number(state),
        person=state.person,
        last_active=state.last_active,
    )
    state.sent = ACTIVE
    out.add_fact(fact)


def idle_is_news(state: Visitor, t: int) -> bool:
    return state.sent == ACTIVE or state.shown or something_to_act_on(state, t)


def fell_idle(state: Visitor, out: Outputs) -> None:
    """Fires the visitor's idle deadline: sends an idle fact, unless it would be empty."""
    deadline = state.last_sign + IDLE_AFTER
    state.idle_pending = False
    if idle_is_news(state, deadline):
        idle(state, deadline, out)


def moved(state: Visitor, old: str, t: int, out: Outputs) -> None:
    """Sends that the visitor has left the person `old`."""
    out.add_fact(facts.Moved(at=t, visitor=state.id, n=number(state), person=old))


def became(state: Visitor, event: str, t: int, out: Outputs) -> None:
    """Sends that the visitor has become another person, by the event of this id.

    The new person takes over the visitor's orders, its consent, and a subscription that no known person has yet.
    """
    state.sent = NOTHING
    state.shown = False
    out.add_fact(
        facts.Identified(
            at=t,
            visitor=state.id,
            n=number(state),
            person=state.person,
            orders=[_handed(state, order) for order in state.orders],
            withdrawn=[name for name, granted in state.consent.items() if not granted],
            granted=[name for name, granted in state.consent.items() if granted],
            event=event,
            subscription=state.subscription,
            watches=_sent(state, t),
        )
    )
    if state.subscription:
        state.subscription = []


def _sent(state: Visitor, t: int) -> list[Attributed]:
    """The watches that the visitor sent last and that are still open at `t` (ms)."""
    sent = () if state.in_time is None else state.in_time.sent.values()
    return [about for about in sent if t < about.until]


def _handed(state: Visitor, order: OrderEntry) -> HandedOrder:
    handed, kept = HandedOrder(order.id, order.at, order.recurring), state.ordered
    handed.whole = order.whole
    if kept is not None and (kept.id, kept.at) == (order.id, order.at):
        handed.cart_id = kept.bought_under
        handed.contents = contents(kept.lines) if kept.lines else None
    return handed


def presence(state: Visitor, t: int, out: Outputs) -> None:
    """Repeats active or idle to a new person, after an event at `t` (ms) that shows nobody at a screen."""
    if state.last_active != NEVER and t - state.last_active < IDLE_AFTER:
        active(state, t, out)
    elif state.last_sign != NEVER:
        idle(state, t, out)


def summary(state: Visitor, t: int) -> Summary:
    cart, checkout = state.cart, open_checkout(state, t)
    evidence = [state.search_event] if state.search_event else []
    evidence += [state.cart_event] if state.cart_event else []
    evidence += [checkout.event] if checkout is not None else []
    return Summary(
        visit_start=state.visit_start,
        last_active=state.last_sign,
        visits=state.visits,
        orders=len(state.orders),
        cart=CartSummary(
            cart.id,
            cart.changed_at,
            cart.added_at,
            list(cart.lines.values()),
            cart.currency,
            cart.url,
        ),
        checkout=checkout,
        views=state.view_summaries(),
        subject=state.subject(),
        on_screen=state.screen,
        searches=state.searches,
        query=state.query,
        unanswered=state.unanswered,
        evidence=evidence,
    )
