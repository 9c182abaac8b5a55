"""Which audiences a person belongs to. Source: docs/semantics-life.md, 13.

The people stage looks after each fact, after each step, and at the time that the person keeps as `bound`:
the next one at which a condition on time may change.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from sys import maxsize

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
)
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.facts import Summary
from stream.state.life_record import Interest, Life
from stream.state.person import Person
from stream.state.whole_order import OrderLine

Lately = tuple[bool, int, int, int]
"""(whether a visitor is at the shop, the last visit and the last order in ms, NEVER if none, the number of visits)."""


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
    return active, anchor, ordered, visits


def fulfilled(person: Person, last: Lately, at: int, audiences: Audiences) -> tuple[int, int]:
    """(the bits of the conditions that hold of the person, when one of them next changes by itself). Times in ms.

    NEVER if none changes. This runs at every fact.
    """
    active, anchor, ordered, visits = last
    bits, changes = 0, NEVER_CHANGES
    if audiences.visits is not None:
        bits |= audiences.visits.of(visits)
    if audiences.orders is not None:
        bits |= audiences.orders.of(person.order_count)
    if audiences.spent is not None:
        bits |= audiences.spent.of(person.spent)
    if audiences.since_visit is not None and anchor != NEVER:
        if active:
            bits |= audiences.since_visit.of(0)
        else:
            more, changes = audiences.since_visit.over_time(anchor, at)
            bits |= more
    if audiences.since_order is not None and person.orders:
        more, then = audiences.since_order.over_time(ordered, at)
        bits |= more
        changes = min(changes, then)
    if audiences.reachable:
        bits |= audiences.reachable.get(person.is_reachable, 0)
    if audiences.open:
        for each in person.episodes:
            if each.open and each.kind in audiences.open and not is_shadow(each.recipe):
                bits |= audiences.open[each.kind]
    life = person.life
    if life is not None and life.interests:
        more, then = _interested(life.interests, at, audiences)
        bits |= more
        changes = min(changes, then)
    return bits, NEVER if changes == NEVER_CHANGES else changes


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
    return bool(alone.of(fulfilled(person, lately(person), at, alone)[0])[0])


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
        _change(person, (), frozenset(), at, recipes, out, former)
        person.of_life().bound = NEVER
        return
    bits, changes = fulfilled(person, lately(person), at, audiences)
    belongs, names = audiences.of(bits)
    if names != (life.audiences.keys() if life is not None else frozenset()):
        _change(person, belongs, names, at, recipes, out, former)
    if changes != NEVER or person.life is not None:
        person.of_life().bound = changes


def leave_all(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Takes a forgotten or erased person out of all audiences."""
    _change(person, (), frozenset(), at, recipes, out, former)


def _change(
    person: Person,
    belongs: Sequence[str],
    names: Set[str],
    at: int,
    recipes: Recipes,
    out: Outputs,
    former: Recipes | None,
) -> None:
    """Makes the person a member of the audiences `belongs`, and of no others. `names`: the same as a set."""
    before: Collection[str] = person.life.audiences if person.life is not None else ()
    if not before and not belongs:
        return
    left = _left(before, names, recipes, former) if before else []
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
    before: Collection[str], names: Set[str], recipes: Recipes, former: Recipes | None
) -> list[str]:
    """The audiences that the person left: first those that the file no longer has, then the others in its order."""
    left = [name for name in before if name not in names]
    places = recipes.audiences.places
    gone = [name for name in left if name not in places]
    if gone and former is not None:
        gone.sort(key=lambda name: former.audiences.places.get(name, maxsize))
    return gone + sorted((name for name in left if name in places), key=places.__getitem__)


def _tell(person: Person, kind: str, name: str, at: int, out: Outputs) -> Life:
    life = person.of_life()
    life.changes += 1
    audience_changes.publish(kind, name, person.id, at, life.changes, out)
    return life


def forget_names(person: Person, audiences: Audiences) -> None:
    """Drops the interests that no audience asks for any more."""
    life = person.life
    if life is not None and not life.interests.keys() <= audiences.named:
        life.interests = {k: v for k, v in life.interests.items() if k in audiences.named}


def viewed(person: Person, summary: Summary, audiences: Audiences) -> None:
    """Notes when the products and categories that audiences name were last viewed."""
    for view in summary.views:
        for name in _remembered(view.category, view.id, audiences):
            interest = _interest(person, name, audiences)
            interest.viewed = max(interest.viewed, view.at)


def bought(person: Person, lines: list[OrderLine], day: int, audiences: Audiences) -> None:
    """Notes when the products and categories that audiences name were last bought."""
    for line in lines:
        for name in _remembered(line.category, line.product_id, audiences):
            interest = _interest(person, name, audiences)
            interest.bought = max(interest.bought, day)


def _remembered(category: str | None, product: str, audiences: Audiences) -> list[str]:
    """The names under which a category and a product are remembered, of those that audiences name."""
    found = []
    if category is not None and category in audiences.categories:
        found.append(audiences.categories[category])
    if product in audiences.products:
        found.append(audiences.products[product])
    return found


def _interest(person: Person, name: str, audiences: Audiences) -> Interest:
    """The interest of a name, made if there is none."""
    forget_names(person, audiences)
    return person.of_life().interests.setdefault(name, Interest())
