"""Which audiences a person belongs to. Source: docs/semantics-life.md, 13.

The people stage looks after each fact, after each step, and at the time that the person keeps as `bound`:
the next one at which a condition on time may change.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from stream.events.owner import is_pseudo
from stream.kinds import audience
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import is_shadow
from stream.recipes.audiences import (
    Audience,
    Audiences,
    Members,
    Named,
    category,
    next_bound,
    product,
)
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.facts import Summary
from stream.state.life_record import Interest, Life
from stream.state.person import Person
from stream.state.whole_order import OrderLine


class Lately(NamedTuple):
    """`active`: whether a visitor is at the shop · `anchor`, `ordered`: the last visit and the last order (ms), NEVER if none."""

    active: bool
    anchor: int
    ordered: int


def lately(person: Person) -> Lately:
    """The last visit and order of a person. Pseudo-visitors do not count as visits."""
    active, anchor, ordered = False, NEVER, NEVER
    for id, device in person.visitors.items():
        if not is_pseudo(id):
            active = active or device.active
            if device.last_active > anchor:  # noqa: PLR1730 - at every fact
                anchor = device.last_active
    for order in person.orders:
        day = order.at if order.day == NEVER else order.day
        if day > ordered:  # noqa: PLR1730 - at every fact
            ordered = day
    return Lately(active, anchor, ordered)


def fulfilled(person: Person, last: Lately, at: int, audiences: Audiences) -> int:
    """The bits of the conditions that hold of the person at `at` (ms)."""
    bits = 0
    if audiences.visits is not None:
        bits |= audiences.visits.of(person.visits)
    if audiences.orders is not None:
        bits |= audiences.orders.of(person.order_count)
    if audiences.spent is not None:
        bits |= audiences.spent.of(person.spent)
    if audiences.since_visit is not None and last.anchor != NEVER:
        bits |= audiences.since_visit.of(0 if last.active else at - last.anchor)
    if audiences.since_order is not None and person.orders:
        bits |= audiences.since_order.of(at - last.ordered)
    if audiences.reachable:
        bits |= audiences.reachable.get(person.is_reachable, 0)
    if audiences.open:
        for each in person.episodes:
            if each.open and each.kind in audiences.open and not is_shadow(each.recipe):
                bits |= audiences.open[each.kind]
    if person.life is not None and person.life.interests:
        interests = person.life.interests
        for bit, named in audiences.viewed:
            if _is_recent(interests, named, at, bought=False):
                bits |= bit
        for bit, named in audiences.bought:
            if _is_recent(interests, named, at, bought=True):
                bits |= bit
    return bits


def fulfils(person: Person, at: int, members: Members) -> bool:
    """Whether all conditions of one map hold."""
    alone = Audiences((Audience("", (members,)),))
    return bool(alone.of(fulfilled(person, lately(person), at, alone))[0])


def _is_recent(interests: Mapping[str, Interest], wanted: Named, at: int, *, bought: bool) -> bool:
    for name in wanted.names:
        interest = interests.get(name)
        if interest is not None:
            last = interest.bought if bought else interest.viewed
            if last != NEVER and at - last < wanted.within:
                return True
    return False


def next_change(person: Person, last: Lately, at: int, audiences: Audiences) -> int:
    """The next time (ms) at which a condition on time may change. NEVER if none can."""
    found: list[int | None] = []
    if audiences.since_order is not None and person.orders:
        found.append(next_bound(last.ordered, audiences.since_order.bounds, at))
    if audiences.since_visit is not None and last.anchor != NEVER and not last.active:
        found.append(next_bound(last.anchor, audiences.since_visit.bounds, at))
    if person.life is not None:
        for name, interest in person.life.interests.items():
            if interest.viewed >= 0 and name in audiences.viewed_within:
                found.append(next_bound(interest.viewed, audiences.viewed_within[name], at))
            if interest.bought >= 0 and name in audiences.bought_within:
                found.append(next_bound(interest.bought, audiences.bought_within[name], at))
    return min((time for time in found if time is not None), default=NEVER)


def look(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Publishes which audiences the person left and entered at `at` (ms).

    `former`: the recipes that were in force until then, if a new document came.
    """
    audiences, life = recipes.audiences, person.life
    if not audiences and (life is None or not life.audiences):
        return
    if person.left:
        _change(person, [], at, recipes, out, former)
        person.of_life().bound = NEVER
        return
    last = lately(person)
    belongs, names = audiences.of(fulfilled(person, last, at, audiences))
    if names != (life.audiences.keys() if life is not None else frozenset()):
        _change(person, belongs, at, recipes, out, former)
    bound = next_change(person, last, at, audiences)
    if bound != NEVER or person.life is not None:
        person.of_life().bound = bound


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
    before: Iterable[str] = person.life.audiences if person.life is not None else ()
    if not before and not belongs:
        return
    names = [each.name for each in recipes.audiences.all]
    order = dict.fromkeys(before)
    if former is not None:
        order = dict.fromkeys([*(each.name for each in former.audiences.all), *before])
    known = [name for name in order if name in before and name not in recipes.audiences.names]
    left = [name for name in known + names if name in before and name not in belongs]
    entered = [name for name in belongs if name not in before]
    for name in left:
        del _tell(person, audience_changes.LEFT, name, at, out).audiences[name]
    for name in entered:
        _tell(person, audience_changes.ENTERED, name, at, out).audiences[name] = at
    for name in left:
        audience.left(person, name, at, recipes, out)
    for name in entered:
        audience.entered(person, name, at, recipes, out)


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
