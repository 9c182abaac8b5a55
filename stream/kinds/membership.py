"""Which audiences a person belongs to. Source: docs/semantics-life.md, 13.

The people stage looks after each fact, after each step, and at the time that the person keeps as `bound`:
the next one at which a condition on time may change.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from stream.events.owner import is_pseudo
from stream.kinds import audience
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import is_shadow
from stream.recipes.audiences import (
    NEVER_CHANGES,
    Audience,
    Audiences,
    Members,
    category,
    product,
)
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.facts import Summary
from stream.state.life_record import Interest, Life
from stream.state.person import Person
from stream.state.whole_order import OrderLine


class Lately(NamedTuple):
    """`active`: whether a visitor is at the shop · `anchor`, `ordered`: the last visit and the last order (ms), NEVER if none
    · `visits`: the number of visits."""

    active: bool
    anchor: int
    ordered: int
    visits: int


def lately(person: Person) -> Lately:
    """The last visit and order of a person. Pseudo-visitors do not count as visits."""
    active, anchor, ordered, visits = False, NEVER, NEVER, 0
    for id, device in person.visitors.items():
        visits += device.visits
        if not is_pseudo(id):
            active = active or device.active
            if device.last_active > anchor:  # noqa: PLR1730 - at every fact
                anchor = device.last_active
    for order in person.orders:
        day = order.at if order.day == NEVER else order.day
        if day > ordered:  # noqa: PLR1730 - at every fact
            ordered = day
    return Lately(active, anchor, ordered, visits)


class Fulfilled(NamedTuple):
    """`bits`: the bits of the conditions that hold · `changes`: when one of them next changes by itself (ms), NEVER if none does."""

    bits: int
    changes: int


def fulfilled(person: Person, last: Lately, at: int, audiences: Audiences) -> Fulfilled:
    """The conditions that hold of the person at `at` (ms)."""
    bits, changes = 0, NEVER_CHANGES
    if audiences.visits is not None:
        bits |= audiences.visits.of(last.visits)
    if audiences.orders is not None:
        bits |= audiences.orders.of(person.order_count)
    if audiences.spent is not None:
        bits |= audiences.spent.of(person.spent)
    if audiences.since_visit is not None and last.anchor != NEVER:
        if last.active:
            bits |= audiences.since_visit.of(0)
        else:
            more, changes = audiences.since_visit.over_time(last.anchor, at)
            bits |= more
    if audiences.since_order is not None and person.orders:
        more, then = audiences.since_order.over_time(last.ordered, at)
        bits |= more
        changes = min(changes, then)
    if audiences.reachable:
        bits |= audiences.reachable.get(person.is_reachable, 0)
    if audiences.open:
        for each in person.episodes:
            if each.open and each.kind in audiences.open and not is_shadow(each.recipe):
                bits |= audiences.open[each.kind]
    if person.life is not None and person.life.interests:
        more, then = _interested(person.life.interests, at, audiences)
        bits |= more
        changes = min(changes, then)
    return Fulfilled(bits, NEVER if changes == NEVER_CHANGES else changes)


def _interested(
    interests: Mapping[str, Interest], at: int, audiences: Audiences
) -> tuple[int, int]:
    """(the bits of the conditions on products and categories that hold, when the first of them ends). Times in ms."""
    bits, changes = 0, NEVER_CHANGES
    for name, interest in interests.items():
        for last, conditions in (
            (interest.viewed, audiences.viewed),
            (interest.bought, audiences.bought),
        ):
            if last == NEVER:
                continue
            for bit, within in conditions.get(name, ()):
                if at - last < within:
                    bits |= bit
                    if last + within < changes:  # noqa: PLR1730 - at every fact
                        changes = last + within
    return bits, changes


def fulfils(person: Person, at: int, members: Members) -> bool:
    """Whether all conditions of one map hold."""
    alone = Audiences((Audience("", (members,)),))
    return bool(alone.of(fulfilled(person, lately(person), at, alone).bits)[0])


def look(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Publishes which audiences the person left and entered at `at` (ms).

    `former`: the recipes that were in force until then, if a new document came.
    """
    audiences, life = recipes.audiences, person.life
    if not audiences.all and (life is None or not life.audiences):
        return
    if person.left:
        _change(person, [], at, recipes, out, former)
        person.of_life().bound = NEVER
        return
    holds = fulfilled(person, lately(person), at, audiences)
    belongs, names = audiences.of(holds.bits)
    if names != (life.audiences.keys() if life is not None else frozenset()):
        _change(person, belongs, at, recipes, out, former)
    if holds.changes != NEVER or person.life is not None:
        person.of_life().bound = holds.changes


def leave_all(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Takes a forgotten or erased person out of all audiences."""
    _change(person, [], at, recipes, out, former)


def _change(
    person: Person,
    belongs: Sequence[str],
    at: int,
    recipes: Recipes,
    out: Outputs,
    former: Recipes | None,
) -> None:
    before: Collection[str] = person.life.audiences if person.life is not None else ()
    if not before and not belongs:
        return
    left = _left(before, belongs, recipes, former) if before else []
    entered = [name for name in belongs if name not in before]
    for name in left:
        del _tell(person, audience_changes.LEFT, name, at, out).audiences[name]
    for name in entered:
        _tell(person, audience_changes.ENTERED, name, at, out).audiences[name] = at
    for name in left:
        audience.left(person, name, at, recipes, out)
    for name in entered:
        audience.entered(person, name, at, recipes, out)


def _left(
    before: Collection[str], belongs: Sequence[str], recipes: Recipes, former: Recipes | None
) -> list[str]:
    """The audiences that the person left: first those that the file no longer has, then the others in its order."""
    names = recipes.audiences.names
    gone = [name for name in before if name not in names]
    if gone and former is not None:
        gone = [each.name for each in former.audiences.all if each.name in gone]
        gone += [name for name in before if name not in names and name not in gone]
    still = [each.name for each in recipes.audiences.all if each.name in before]
    return gone + [name for name in still if name not in belongs]


def _tell(person: Person, kind: str, name: str, at: int, out: Outputs) -> Life:
    life = person.of_life()
    life.changes += 1
    audience_changes.publish(kind, name, person.id, at, life.changes, out)
    return life


def forget_names(person: Person, audiences: Audiences) -> None:
    """Drops the interests that no audience asks for any more."""
    life = person.life
    if life is not None and life.interests.keys() - audiences.named:
        life.interests = {k: v for k, v in life.interests.items() if k in audiences.named}


def viewed(person: Person, summary: Summary, audiences: Audiences) -> None:
    """Notes when the products and categories that audiences name were last viewed."""
    for view in summary.views:
        for name in _names(view.category, view.id):
            if name in audiences.named:
                interest = _interest(person, name, audiences)
                interest.viewed = max(interest.viewed, view.at)


def bought(person: Person, lines: list[OrderLine], day: int, audiences: Audiences) -> None:
    """Notes when the products and categories that audiences name were last bought."""
    for line in lines:
        for name in _names(line.category, line.product_id):
            if name in audiences.named:
                interest = _interest(person, name, audiences)
                interest.bought = max(interest.bought, day)


def _names(of_category: str | None, id: str) -> list[str]:
    return [product(id)] if of_category is None else [category(of_category), product(id)]


def _interest(person: Person, name: str, audiences: Audiences) -> Interest:
    """The interest of a name, made if there is none."""
    forget_names(person, audiences)
    return person.of_life().interests.setdefault(name, Interest())
