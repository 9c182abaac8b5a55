"""Applies facts to life episodes and to a person's life record. Source: docs/semantics-life.md, 12.

Each function runs after the other effects of the fact. The kinds of the registry decide.
"""

from typing import Final

from msgspec import structs

from stream.episodes import life
from stream.episodes.life import Occurrence
from stream.episodes.orders import Entered, supplement
from stream.kinds import membership, registry, replenishment
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.facts import (
    AnyFact,
    Delivered,
    Identified,
    Moved,
    Ordered,
    Subscribed,
    Supplemented,
)
from stream.state.orders import OrderEntry, repeated
from stream.state.person import Person
from stream.state.whole_order import WholeOrder

BY_A_KEY: Final = "~~"
OF_A_VISITOR: Final = ("push", "messenger")


def arrives(person: Person, fact: AnyFact) -> None:
    """Notes, before a fact is applied, that the person has a visitor again, unless the fact is forwarded."""
    if type(fact) is Supplemented:
        if person.remembered == NEVER:
            person.remembered = person.applied
        return
    person.remembered = NEVER
    if person.left and not _is_forwarded(fact):
        person.left = False


def _is_forwarded(fact: AnyFact) -> bool:
    if fact.visitor.startswith(BY_A_KEY):
        return True
    whole = fact.whole if type(fact) is Ordered else None
    return whole is not None and whole.withheld


def moved(person: Person, fact: Moved) -> None:
    """Notes whether the person's last visitor has left it."""
    person.left = not person.visitors


def placed(
    person: Person,
    whole: WholeOrder | None,
    done: Entered,
    fact: Ordered | Identified,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Calls the kinds for an order that entered the record, or for what a repetition added to it."""
    parts = whole if done.is_new else done.parts
    if parts is None or not _follows(person, recipes):
        return
    if parts.value is None and done.is_new and done.entry.value is not None:
        parts = structs.replace(parts, value=done.entry.value)  # its value as a recurring order
    here = _of_order(parts, fact)
    hooks = registry.AT_ORDER if done.is_new else registry.AT_SUPPLEMENT
    _lines(person, done.entry, parts, recipes)
    for hook in hooks:
        hook(person, done.entry, parts, here, recipes, out)


def _follows(person: Person, recipes: Recipes) -> bool:
    """Whether orders matter to life recipes: of the document in force, or of open episodes of a former one."""
    return recipes.follows or any(each.course is not None for each in person.episodes)


def _of_order(whole: WholeOrder, fact: Ordered | Identified | Supplemented) -> Occurrence:
    """The cause of an order's episodes: the event of the order, or the login that hands the order over."""
    if type(fact) is Identified and not fact.visitor.startswith(BY_A_KEY):
        return Occurrence(fact.at, fact.visitor, [fact.event] if fact.event else [])
    return Occurrence(fact.at, whole.visitor, [whole.event] if whole.event else [])


def _lines(person: Person, order: OrderEntry, whole: WholeOrder, recipes: Recipes) -> None:
    if whole.lines and recipes.audiences.named:
        day = order.at if order.day == NEVER else order.day
        membership.bought(person, whole.lines, day, recipes.audiences)


def supplemented(person: Person, fact: Supplemented, recipes: Recipes, out: Outputs) -> None:
    """Applies the parts of a repeated order that a key forwards. Does nothing if the person does not have the order."""
    order = repeated(person.orders, fact.order_id, fact.order_at)
    if order is None:
        return
    parts = supplement(order, fact.whole)
    if parts is None or not _follows(person, recipes):
        return
    here = _of_order(parts, fact)
    _lines(person, order, parts, recipes)
    for hook in registry.AT_SUPPLEMENT:
        hook(person, order, parts, here, recipes, out)


def taken_out(
    person: Person, gone: list[OrderEntry], at: int, recipes: Recipes, out: Outputs
) -> None:
    """Calls the kinds for orders that left the record."""
    here = Occurrence(at, "", [])
    for hook in registry.AT_TAKING_OUT:
        hook(person, gone, here, recipes, out)


def delivered(person: Person, fact: Delivered, recipes: Recipes, out: Outputs) -> None:
    here = Occurrence(fact.at, fact.visitor, [])
    for hook in registry.AT_DELIVERY:
        hook(person, fact.order_id, here, recipes, out)


def subscribed(person: Person, fact: Subscribed, recipes: Recipes, out: Outputs) -> None:
    """Notes that the channels reach the person. A subscription that is not old may open episodes."""
    reaching = [name for name in fact.channels if name != "onsite"]
    if not person.is_known:
        reaching = [name for name in reaching if name in OF_A_VISITOR]
    if person.contacts is not None or (reaching and not person.is_known):
        known = person.contacts or []
        person.contacts = known + [name for name in dict.fromkeys(reaching) if name not in known]
    if not fact.old:
        here = Occurrence(fact.at, fact.visitor, [fact.event])
        _hear(person, fact.channels, here, recipes, out)


def handed_over(person: Person, fact: Identified, recipes: Recipes, out: Outputs) -> None:
    """Calls the kinds for a subscription that the visitor made before its login."""
    if fact.subscription:
        here = Occurrence(fact.at, fact.visitor, [fact.event] if fact.event else [])
        _hear(person, fact.subscription, here, recipes, out)


def _hear(
    person: Person, channels: list[str], here: Occurrence, recipes: Recipes, out: Outputs
) -> None:
    for hook in registry.AT_SUBSCRIPTION:
        hook(person, channels, here, recipes, out)


def settle(person: Person, at: int, recipes: Recipes, out: Outputs) -> None:
    """Updates the audiences after a fact, then drops data that need not be kept any more."""
    membership.look(person, at, recipes, out)
    tidy(person, at, recipes)


def tidy(person: Person, at: int, recipes: Recipes) -> None:
    """Drops data that need not be kept any more."""
    life.tidy(person, at, recipes)
    replenishment.dropped(person, recipes)
