"""Applies each type of fact to its person. Source: docs/semantics.md, 6; docs/semantics-life.md, 12 and 15."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from stream.episodes import lifecycle, orders, steps, watches
from stream.episodes.visible_summary import VisibleSummary, remember
from stream.kinds import funnel, membership, registry
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import joined_orders, life_facts
from stream.state import facts
from stream.state.facts import (
    Consented,
    Identified,
    Idle,
    Moved,
    Ordered,
    Subscribed,
    Unordered,
)
from stream.state.orders import HandedOrder
from stream.state.person import Person, PersonVisitor
from stream.state.trimming import trim_visitors


def _idle(person: Person, fact: Idle, recipes: Recipes, out: Outputs) -> None:
    summary = fact.summary
    person.visitors[fact.visitor] = PersonVisitor(False, summary.last_active, summary.visits)
    if recipes.audiences.named:
        membership.viewed(person, summary, recipes.audiences)
    seen = VisibleSummary(person, fact)
    remember(person, seen, fact.at)
    funnel.look(person, fact, seen, recipes, out)
    for look in registry.AT_IDLE:
        look(person, fact, seen, recipes, out)
    steps.plan_all(person, recipes, fact.at)


def _active(person: Person, fact: facts.Active, recipes: Recipes, out: Outputs) -> None:
    device = person.visitors.get(fact.visitor)
    if device is None:
        person.visitors[fact.visitor] = PersonVisitor(True, fact.last_active)
        trim_visitors(person)
    else:
        device.active = True
        device.last_active = fact.last_active
    steps.unplan(person)


def _moved(person: Person, fact: Moved, recipes: Recipes, out: Outputs) -> None:
    person.visitors.pop(fact.visitor, None)
    for episode in person.open_episodes():
        own = episode.visitor == fact.visitor if episode.course is None else not person.is_known
        if own:
            lifecycle.close(person, episode, "moved", fact.at, recipes, out)
    life_facts.moved(person, fact)
    watches.leave(person, fact.visitor)
    steps.plan_all(person, recipes, fact.at)


def _identified(person: Person, fact: Identified, recipes: Recipes, out: Outputs) -> None:
    joined_orders.handed_over(person, fact, out)
    watches.take_over(person, fact.watches, fact.visitor)
    for order in sorted(fact.orders, key=lambda order: order.at):
        done = orders.place(person, order, fact.at, recipes, out)
        life_facts.placed(person, order.whole, done, fact, recipes, out)
    if fact.withdrawn:
        lifecycle.consent(person, fact.withdrawn, False, fact.at, out)
    for channel in fact.granted:
        person.consent.setdefault(channel, True)
    if fact.contacts is not None:
        person.contacts = fact.contacts
    if fact.traits_orders is not None:
        person.traits_orders = fact.traits_orders
    if fact.traits_value is not None:
        person.traits_value = fact.traits_value
    if fact.time_zone is not None:
        person.zone = fact.time_zone
    life_facts.handed_over(person, fact, recipes, out)


def _ordered(person: Person, fact: Ordered, recipes: Recipes, out: Outputs) -> None:
    placed = HandedOrder(fact.order_id, fact.at, fact.recurring, fact.cart_id, fact.contents)
    placed.whole = fact.whole
    done = orders.place(person, placed, fact.at, recipes, out)
    if done.is_new:
        joined_orders.joined(person, fact, out)
    life_facts.placed(person, fact.whole, done, fact, recipes, out)


def _unordered(person: Person, fact: Unordered, recipes: Recipes, out: Outputs) -> None:
    gone = orders.cancel(person, fact)
    life_facts.taken_out(person, gone, fact.at, recipes, out)


def _consented(person: Person, fact: Consented, recipes: Recipes, out: Outputs) -> None:
    lifecycle.consent(person, fact.channels, fact.granted, fact.at, out, late=fact.late)


def _subscribed(person: Person, fact: Subscribed, recipes: Recipes, out: Outputs) -> None:
    lifecycle.consent(person, fact.channels, True, fact.at, out, late=fact.late)
    life_facts.subscribed(person, fact, recipes, out)


def _decided(person: Person, fact: facts.OnsiteDecided, recipes: Recipes, out: Outputs) -> None:
    watches.begin(person, fact.about, fact.visitor)


APPLY: Final[Mapping[type, Callable[[Person, Any, Recipes, Outputs], None]]] = {
    Idle: _idle,
    facts.Active: _active,
    Moved: _moved,
    Identified: _identified,
    Ordered: _ordered,
    Unordered: _unordered,
    Consented: _consented,
    Subscribed: _subscribed,
    facts.Supplemented: life_facts.supplemented,
    facts.Delivered: life_facts.delivered,
    facts.OnsiteDecided: _decided,
}
