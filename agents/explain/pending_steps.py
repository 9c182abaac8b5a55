"""What waits for a person: the next step of each open episode, read from the state of the people stage.

Pure. A state comes as the changelog `state.people` has it; of several the highest (applied, version)
counts, not the last.
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
from stream.store import packing
from stream.store.keyed import Keyed


class Step(Struct, frozen=True, omit_defaults=True):
    """A step that is still to be decided. `due` in ms; None: not before the person is quiet.

    `steps`: of the recipe as it is in force, 0 if it is not. `origin`: the cart, or the visitor.
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


class PendingSteps(Struct, frozen=True):
    """The waiting part of a person's state. `applied`, `version`: its place among the person's states."""

    applied: int
    version: int
    steps: list[Step]


def of_records(key: str, values: Iterable[bytes | None], recipes: Recipes) -> PendingSteps | None:
    """What waits by the changelog records of this key, in their order; None: nothing is known.

    Raises stream.store.changelog.UnreadableState for a state of another format.
    """
    states: Keyed[Person] = Keyed(packing.encode, packing.decode)
    states.restore((key.encode(), value) for value in values)
    person = states.get(key)
    if person is None:
        deleted = states.deleted(key)
        return PendingSteps(*deleted, []) if deleted else None
    return PendingSteps(person.applied, person.version, of_person(person, recipes))


def of_person(person: Person, recipes: Recipes) -> list[Step]:
    """The steps in the order in which they are due. Steps that wait for quiet come last. Shadows are left out."""
    waiting = [each for each in person.open_episodes() if not is_shadow(each.recipe)]
    found = [_step(person, episode, recipes) for episode in waiting]
    return sorted(found, key=lambda step: (step.due is None, step.due or 0, step.recipe))


def _step(person: Person, episode: Episode, recipes: Recipes) -> Step:
    recipe, cart, product = recipes.by_alias.get(episode.recipe), episode.cart, episode.product
    return Step(
        trigger_id(episode.recipe, person.id, episode.origin, episode.key_time, episode.step),
        episode.recipe,
        episode.step,
        numbering.last(person, episode, recipe) if recipe else 0,
        episode.origin,
        episode.visitor or None,
        episode.opened_at,
        episode.messages,
        None if episode.due == NEVER else episode.due,
        carts.value(cart.lines) if cart else None,
        cart.currency if cart else None,
        (product.name or product.id) if product else None,
    )
