"""Watches: count a person's orders after a step or an onsite candidate. Source: docs/semantics-life.md, 15."""

from collections.abc import Iterable

from stream.episodes import numbering
from stream.episodes.guards import Due
from stream.outputs import outcomes
from stream.outputs.outputs import Outputs
from stream.state.in_time import Attributed, Watch
from stream.state.orders import OLD, OrderEntry
from stream.state.person import Person


def reached(due: Due, trigger_id: str, *, fires: bool) -> None:
    """Opens a watch at the first step of an episode that reaches the holdout.

    `fires`: whether no guard refuses the step.
    """
    recipe, person, episode = due.recipe, due.person, due.episode
    if recipe.is_shadow or episode.messages or numbering.found(person, episode).watched:
        return
    if due.recipes.watches and not fires:
        numbering.of(person, episode).watched = True
    if not recipe.attribution:
        return
    held, arm = recipe.held_out(person.id), recipe.arm(person.id)
    until = due.at + recipe.attribution
    begin(person, Attributed(recipe.name, recipe.version, trigger_id, held, arm, due.at, until), "")


def begin(person: Person, about: Attributed, visitor: str) -> None:
    """Opens a watch, unless the person has an open one of this recipe."""
    times = person.of_time()
    if all(watch.about.recipe != about.recipe for watch in times.watches):
        times.watches.append(Watch(about, visitor))


def take_over(person: Person, watches: Iterable[Attributed], visitor: str) -> None:
    """Moves a visitor's watches to the person."""
    for about in watches:
        begin(person, about, visitor)


def leave(person: Person, visitor: str) -> None:
    """Drops the watches of a visitor that left the person."""
    if person.in_time is not None and person.in_time.watches:
        person.in_time.watches = [
            watch for watch in person.in_time.watches if watch.visitor != visitor
        ]


def placed(person: Person, order: OrderEntry) -> None:
    """Counts an order in the open watches."""
    if person.in_time is not None and not (order.recurring or order.marks & OLD):
        for watch in person.in_time.watches:
            watch.add(order.id, order.at, order.worth or 0.0)


def taken_out(person: Person, gone: Iterable[OrderEntry]) -> None:
    if person.in_time is not None:
        for order in gone:
            for watch in person.in_time.watches:
                watch.take_out(order.id, order.at)


def end(person: Person, at: int, out: Outputs, *, every: bool = False) -> bool:
    """Ends the watches that are over at `at` (ms), or every one. Returns whether any ended."""
    if person.in_time is None:
        return False
    over = [watch for watch in person.in_time.watches if every or watch.about.until <= at]
    for watch in over:
        outcomes.publish(watch, person.id, min(at, watch.about.until), out)
    person.in_time.watches = [watch for watch in person.in_time.watches if watch not in over]
    return bool(over)
