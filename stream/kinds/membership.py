"""Which audiences a person belongs to. Source: docs/semantics-life.md, 13.

The people stage looks after each fact, after each step, and at the time that the person keeps as `bound`:
the next one at which a condition on time may change.
"""

from collections.abc import Iterable

from stream.events.owner import is_pseudo
from stream.kinds import audience
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import is_shadow
from stream.recipes.audiences import Audiences, Members, Named, category, next_bound, product
from stream.recipes.conditions import Known
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.facts import Summary
from stream.state.life_record import Interest, Life
from stream.state.person import Person
from stream.state.whole_order import OrderLine


class Standing:
    """A person at `at` (ms), as the conditions of audiences see it."""

    def __init__(self, person: Person, at: int) -> None:
        self.person = person
        self.at = at
        self.known = Known(person.visits, person.order_count, spent=person.spent)
        own = [device for id, device in person.visitors.items() if not is_pseudo(id)]
        self.active = any(device.active for device in own)
        self.anchor = max((device.last_active for device in own), default=NEVER)
        days = [order.at if order.day == NEVER else order.day for order in person.orders]
        self.ordered = max(days, default=NEVER)
        self.open = {
            each.kind for each in person.episodes if each.open and not is_shadow(each.recipe)
        }
        self.interests = person.life.interests if person.life is not None else {}

    def holds(self, wanted: Members) -> bool:
        return (
            all(each.holds(self.known) for each in wanted.ranges)
            and (wanted.since_visit is None or self._visited(wanted))
            and (wanted.since_order is None or self._has_ordered(wanted))
            and (wanted.reachable is None or self.person.is_reachable == wanted.reachable)
            and (wanted.open is None or not wanted.open.isdisjoint(self.open))
            and (wanted.viewed is None or self._lately(wanted.viewed, bought=False))
            and (wanted.bought is None or self._lately(wanted.bought, bought=True))
        )

    def _visited(self, wanted: Members) -> bool:
        if wanted.since_visit is None or self.anchor == NEVER:
            return False
        return wanted.since_visit.holds(0 if self.active else self.at - self.anchor)

    def _has_ordered(self, wanted: Members) -> bool:
        if wanted.since_order is None or self.ordered == NEVER:
            return False
        return wanted.since_order.holds(self.at - self.ordered)

    def _lately(self, wanted: Named, *, bought: bool) -> bool:
        for name in wanted.names:
            interest = self.interests.get(name)
            if interest is not None:
                last = interest.bought if bought else interest.viewed
                if last != NEVER and self.at - last < wanted.within:
                    return True
        return False

    def next(self, audiences: Audiences) -> int:
        """The next time (ms) at which a condition on time may change. NEVER if none can."""
        at = self.at
        found = [next_bound(self.ordered, audiences.order_bounds, at)] if self.ordered >= 0 else []
        if self.anchor >= 0 and not self.active:
            found.append(next_bound(self.anchor, audiences.visit_bounds, at))
        for name, interest in self.interests.items():
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
    standing = Standing(person, at)
    belongs = [each.name for each in audiences.all if any(map(standing.holds, each.members))]
    _change(person, belongs, at, recipes, out, former)
    bound = standing.next(audiences)
    if bound != NEVER or person.life is not None:
        person.of_life().bound = bound


def leave_all(
    person: Person, at: int, recipes: Recipes, out: Outputs, former: Recipes | None = None
) -> None:
    """Takes a forgotten or erased person out of all audiences."""
    _change(person, [], at, recipes, out, former)


def _change(
    person: Person,
    belongs: list[str],
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
