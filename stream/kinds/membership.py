"""Which audiences a person belongs to. Source: docs/semantics-life.md, 13.

The people stage looks after each step, after each fact that may change an audience, and at the time that the person
keeps as `bound`: the next one at which a condition on time may change.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from sys import maxsize

from stream.events.owner import MARK
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
from stream.recipes.recipe import AUDIENCE, Recipes
from stream.state.cart import NEVER
from stream.state.facts import Active, Summary
from stream.state.life_record import Interest
from stream.state.person import Person
from stream.state.whole_order import OrderLine

Lately = tuple[bool, int, int, int]
"""(whether a visitor is at the shop, the last visit and the last order in ms, NEVER if none, the number of visits)."""


def lately(person: Person) -> Lately:
    """The last visit and order of a person. Pseudo-visitors do not count as visits."""
    active, anchor, ordered, visits = False, NEVER, NEVER, 0
    for id, device in person.visitors.items():
        visits += device.visits
        if not id.startswith(MARK):
            if device.active:
                active = True
            if device.last_active > anchor:  # noqa: PLR1730 - at every fact
                anchor = device.last_active
    for order in person.orders:
        day = order.at if order.day == NEVER else order.day
        if day > ordered:  # noqa: PLR1730 - at every fact
            ordered = day
    return active, anchor, ordered, visits


def fulfilled(person: Person, last: Lately, at: int, audiences: Audiences) -> tuple[int, int]:
    """(the bits of the conditions that hold of the person, when one of them next changes by itself). Times in ms.

    NEVER if none changes. This runs at most facts.
    """
    active, anchor, ordered, visits = last
    numbers = visits, person.order_count, person.spent
    bits = audiences.counted.get(numbers)
    if bits is None:
        bits = audiences.count(numbers)
    changes = NEVER_CHANGES
    if anchor != NEVER and audiences.since_visit is not None:
        if active:
            bits |= audiences.since_visit.at_first
        else:
            more, changes = audiences.since_visit.over_time(anchor, at)
            bits |= more
    if ordered != NEVER and audiences.since_order is not None:
        more, then = audiences.since_order.over_time(ordered, at)
        bits |= more
        changes = min(changes, then)
    if audiences.reachable:
        bits |= audiences.reachable.get(person.is_reachable, 0)
    for each in person.episodes:
        if each.open and each.kind in audiences.open and not is_shadow(each.recipe):
            bits |= audiences.open[each.kind]
    life = person.life
    if life is not None and life.interests:
        more, then = _interested(life.interests, at, audiences)
        bits |= more
        changes = min(changes, then)
    return bits, changes if changes < NEVER_CHANGES else NEVER


def _interested(
    interests: Mapping[str, Interest], at: int, audiences: Audiences
) -> tuple[int, int]:
    """(the bits of the conditions on products and categories that hold, when the first of them ends). Times in ms."""
    bits, changes = 0, NEVER_CHANGES
    for name, interest in interests.items():
        if interest.viewed != NEVER and name in audiences.viewed:
            more, then = audiences.viewed[name].over_time(interest.viewed, at)
            bits |= more
            changes = min(changes, then)
        if interest.bought != NEVER and name in audiences.bought:
            more, then = audiences.bought[name].over_time(interest.bought, at)
            bits |= more
            changes = min(changes, then)
    return bits, changes


def fulfils(person: Person, at: int, members: Members) -> bool:
    """Whether all conditions of one map hold."""
    alone = Audiences((Audience("", (members,)),))
    return bool(alone.of(fulfilled(person, lately(person), at, alone)[0])[0])


def keeps_audiences(person: Person, fact: Active, audiences: Audiences) -> bool:
    """Whether an active fact changes none of the audiences that were looked at before. Call it before it is applied.

    Of the conditions only the time since the last visit changes, to 0. Its bounds stay far enough if they are.
    Then `bound` may be too early, until the next look.
    """
    device = person.visitors.get(fact.visitor)
    if device is None or person.life is None or fact.visitor.startswith(MARK):
        return False
    return device.active or NEVER < device.last_active > fact.at - audiences.near


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
        change(person, (), frozenset(), at, recipes, out, former)
        person.of_life().bound = NEVER
        return
    bits, changes = fulfilled(person, lately(person), at, audiences)
    belongs, names = audiences.of(bits)
    if life is None:
        if not names and changes == NEVER:
            return
        life = person.of_life()
    if names != life.audiences.keys():
        change(person, belongs, names, at, recipes, out, former)
    life.bound = changes


def leave_all(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Takes a forgotten or erased person out of all audiences."""
    change(person, (), frozenset(), at, recipes, out, former)


def change(
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
    life = person.of_life()
    left = _left(before, names, recipes, former)
    entered = [name for name in belongs if name not in before]
    number = life.changes + 1
    audience_changes.publish(audience_changes.LEFT, left, person.id, at, number, out)
    number += len(left)
    audience_changes.publish(audience_changes.ENTERED, entered, person.id, at, number, out)
    for name in left:
        del life.audiences[name]
    for name in entered:
        life.audiences[name] = at
    life.changes += len(left) + len(entered)
    if left:
        audience.left(person, left, at, recipes, out)
    if recipes.of[AUDIENCE]:
        for name in entered:
            audience.entered(person, name, at, recipes, out)


def _left(
    before: Collection[str], names: Set[str], recipes: Recipes, former: Recipes | None
) -> list[str]:
    """The audiences that the person left: first those that the file no longer has, then the others in its order."""
    left = [name for name in before if name not in names]
    if len(left) <= 1:
        return left
    places = recipes.audiences.places
    gone = [name for name in left if name not in places]
    if gone and former is not None:
        gone.sort(key=lambda name: former.audiences.places.get(name, maxsize))
    return gone + sorted((name for name in left if name in places), key=places.__getitem__)


def forget_names(person: Person, audiences: Audiences) -> None:
    """Drops the interests that no audience asks for any more."""
    life = person.life
    if life is not None and not life.interests.keys() <= audiences.named:
        life.interests = {k: v for k, v in life.interests.items() if k in audiences.named}


def viewed(person: Person, summary: Summary, audiences: Audiences) -> None:
    """Notes when the products and categories that audiences name were last viewed. This runs at every idle visit."""
    categories, products = audiences.categories, audiences.products
    for view in summary.views:
        if view.category in categories or view.id in products:
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
    life = person.of_life()
    found = life.interests.get(name)
    if found is None:
        forget_names(person, audiences)
        found = life.interests[name] = Interest()
    return found
