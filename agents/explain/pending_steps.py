"""Reads a person's waiting steps from the state of the people stage: the next step of each open episode. Pure.

States come from the changelog `state.people`. If there are several, the one with the highest (applied, version) counts,
not the last one.
"""

from collections.abc import Iterable

from msgspec import Struct

from stream.episodes import numbering
from stream.recipes.aliases import is_shadow
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import Recipes
from stream.state import cart as carts
from stream.state.cart import NEVER
from stream.state.person import Episode, Person
from stream.state.whole_order import currency_shown
from stream.store import packing
from stream.store.keyed import Keyed


class Step(Struct, frozen=True, omit_defaults=True):
    """A step that is not decided yet. `due`: ms; None: it waits until the person is quiet, or an order has arrived.

    `steps`: number of steps of the recipe in force, 0 if it is not in force · `origin`: the cart or the visitor; of a life
    episode the order, the product or the audience · `base`: the time from which its steps wait (ms) · `order`: the order
    that it is about · `until`: the end of its wait for the delivery of that order (ms).
    """

    trigger_id: str
    recipe: str
    step: int
    steps: int
    origin: str
    visitor: str | None
    opened_at: int
    messages: int
    due: int | None = None
    value: float | None = None
    currency: str | None = None
    product: str | None = None
    kind: str = ""
    base: int | None = None
    order: str | None = None
    until: int | None = None


class PendingSteps(Struct, frozen=True):
    """The waiting steps of a person's state. `applied`, `version`: order the states of a person."""

    applied: int
    version: int
    steps: list[Step]


def of_records(key: str, values: Iterable[bytes | None], recipes: Recipes) -> PendingSteps | None:
    """The waiting steps by the changelog records of this key; None: there is no record.

    Raises stream.store.changelog.UnreadableState for a state of another format.
    """
    states = _states(key, values)
    person = states.get(key)
    if person is None:
        deleted = states.deleted(key)
        return PendingSteps(*deleted, []) if deleted else None
    return PendingSteps(person.applied, person.version, of_person(person, recipes))


def state_of(key: str, values: Iterable[bytes | None]) -> Person | None:
    """The person's state by the changelog records of this key. Raises as `of_records`."""
    return _states(key, values).get(key)


def _states(key: str, values: Iterable[bytes | None]) -> Keyed[Person]:
    states: Keyed[Person] = Keyed(packing.encode, packing.decode)
    states.restore((key.encode(), value) for value in values)
    return states


def of_person(person: Person, recipes: Recipes) -> list[Step]:
    """The steps in the order in which they are due. Steps that wait for quiet come last. Shadows are left out."""
    waiting = [each for each in person.open_episodes() if not is_shadow(each.recipe)]
    found = [_step(person, episode, recipes) for episode in waiting]
    return sorted(found, key=lambda step: (step.due is None, step.due or 0, step.recipe))


def _step(person: Person, episode: Episode, recipes: Recipes) -> Step:
    recipe, cart, course = recipes.by_alias.get(episode.recipe), episode.cart, episode.course
    value, currency = None, None
    if cart:
        value, currency = carts.value(cart.lines), cart.currency
    elif course and course.order:
        value, currency = course.order.value, currency_shown(course.order)
    return Step(
        trigger_id(episode.recipe, person.id, episode.origin, episode.key_time, episode.step),
        episode.recipe,
        episode.step,
        numbering.last(person, episode, recipe) if recipe else 0,
        episode.origin,
        episode.visitor or None,
        episode.opened_at,
        episode.messages,
        _time(episode.due),
        value,
        currency,
        _product(episode),
        episode.kind,
        _time(course.base) if course else None,
        (course.order_id or None) if course else None,
        _time(course.ends) if course else None,
    )


def _time(at: int) -> int | None:
    return None if at == NEVER else at


def _product(episode: Episode) -> str | None:
    line = episode.course.line if episode.course else None
    if line is not None:
        return line.name or line.product_id
    shown = episode.product
    return (shown.name or shown.id) if shown else None
