"""Section 6: effects of orders on a person: placed, repeated, handed over or cancelled."""

from dataclasses import replace

from tests.reference import whole
from tests.reference.counting import count
from tests.reference.facts import Cancelled, HandedOver
from tests.reference.life import Life
from tests.reference.orders import Order
from tests.reference.outputs import Outputs
from tests.reference.person import Episode, Person
from tests.reference.recipes import FUNNEL
from tests.reference.times import MINUTE


def placed(
    person: Person, told: Order, now: int, out: Outputs, handed_over: bool = False
) -> tuple[Order, bool, Order | None]:
    """Applies an order known at `now`; one handed over affects only the state up to its time."""
    order, before = replace(told), person.orders.repetition_of(told)
    parts = None
    if before is None:
        recurred = person.orders.same(order)
        order.kept_value = None if recurred is None else recurred.worth()
        order.value = order.kept_value if order.value is None else order.value
        person.orders.enter(order)
        if not (order.recurring or order.old):
            for watch in person.watches:
                if watch.about["at"] < order.time < watch.until:
                    watch.counted.append(order)
                    watch.values.append(order.value or 0)
        own = order.whose == person.id
        own = own or (order.whose.startswith("visitor:") and not order.withheld)
        known = not person.id.startswith("visitor:")
        order.counts = own and known and not order.recurring and not person.left
        order.opened = order.counts and not order.old
    else:
        parts = whole.brings(before, order)
    if not order.recurring:
        _acts(person, order, before, now, out, handed_over)
    return before or order, before is None, parts


def _acts(
    person: Person,
    order: Order,
    before: Order | None,
    now: int,
    out: Outputs,
    handed_over: bool,
) -> None:
    _buys(person, order, before or order)
    if before is None:
        for episode in person.episodes:
            if episode.recipe.kind in ("post-purchase", "replenishment"):
                continue
            if not handed_over or episode.fed_at <= order.time:
                _ends(episode, order.id, now, out, lifts=True)
    if before is not None or handed_over:
        _what_counts_no_longer(person, order.id, now, out, lifts=before is None)


def _buys(person: Person, order: Order, first: Order) -> None:
    """Adds purchases: the order's lines, or those of its cart; `first` is the order it repeats."""
    if order.cart_id is None:
        return
    lines = order.lines
    if not lines and order.cart_id in person.carts:
        _, known = person.carts[order.cart_id]
        lines = [line for line in known if line["since"] <= first.time + 5 * MINUTE]
    person.bought.add(order.cart_id, lines, first)


def _ends(episode: Episode, order: str, now: int, out: Outputs, lifts: bool) -> None:
    if episode.is_open:
        episode.close("converted", now, out)
    episode.lifted = episode.lifted or lifts
    episode.cancel("ordered", order, now, out)


def _what_counts_no_longer(person: Person, order: str, now: int, out: Outputs, lifts: bool) -> None:
    """Closes open funnel episodes or removes their bought lines."""
    for episode in person.open_episodes():
        if episode.recipe.kind not in FUNNEL:
            continue
        counted = count(
            person.orders,
            person.bought,
            episode.cart_id,
            episode.lines,
            episode.changed_at,
            episode.checkout,
            now,
        )
        if counted.nothing():
            _ends(episode, order, now, out, lifts)
        else:
            episode.lines = counted.lines


def cancelled(person: Person, told: Cancelled) -> list[Order]:
    """Removes an order from the record; an unpaid one no longer counts as the last order."""
    if told.window is None:
        gone = person.orders.cancel(told.id)
        person.bought.forget(gone)
        return gone
    order = person.orders.meant(told.id)
    recorded = order is not None and order in person.orders.record
    if order is not None and person.orders.mark_unpaid(order, told.window):
        person.bought.forget([order])
        return [order] if recorded else []
    return []


def handed_over(person: Person, told: HandedOver, now: int, out: Outputs, life: Life) -> None:
    """Applies a handover by a login or key: orders, oldest first, then withdrawals, then grants."""
    for about, until in told.watches:
        if until > now:
            person.watch(about, until, told.visitor)
    for order in sorted(told.orders, key=lambda each: each.time):
        follows(life, *placed(person, order, now, out, handed_over=True))
    withdrawn = {channel: False for channel, granted in told.consent.items() if not granted}
    person.consents(person.consent | withdrawn, now, out)
    granted = {channel: True for channel, granted in told.consent.items() if granted}
    person.consents(granted | person.consent, now, out)
    if told.subscription is not None:
        life.subscribed(told.subscription)


def follows(life: Life, order: Order, is_new: bool, parts: Order | None) -> None:
    """Applies an order of the record to life episodes."""
    if is_new:
        life.entered(order)
    elif parts is not None:
        life.brought(order, parts)
