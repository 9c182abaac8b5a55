"""Sections 1 and 6: the people stage for one person, fed with all of the person's facts."""

from typing import Any

from tests.reference import purchases, whole
from tests.reference.audiences import change, next_bound
from tests.reference.episodes import Feeding, idle
from tests.reference.facts import Fact
from tests.reference.history import History, next_after
from tests.reference.history import at as in_force
from tests.reference.life import Life
from tests.reference.orders import Order
from tests.reference.outputs import Outputs
from tests.reference.person import Device, Person
from tests.reference.recipes import Recipes
from tests.reference.steps import step
from tests.reference.turn import turn


class People:
    """The people stage for one person."""

    def __init__(self, id_: str, history: History, out: Outputs) -> None:
        self.person = Person(id_)
        self.known = False
        self.history = history
        self.turned = history[0][0]
        self.recipes = history[0][1]
        self.now = -1
        self.erased_at: int | None = None
        self.last: Fact | None = None
        self.out = out

    def advance(self, time: int) -> None:
        """Runs everything due up to `time`, in order. At one time a new document comes first, then steps,
        ends of watches, bounds, forgetting."""
        while True:
            turn = next_after(self.history, self.turned)
            at, rank, what = self._next() if self.known else (time + 1, 9, None)
            if turn is not None and turn <= min(at, time):
                self._turn(turn)
            elif at > time:
                return
            else:
                self.now = at
                self._happens(at, rank, what)

    def _next(self) -> tuple[int, int, Any]:
        """The time, kind and subject of the next due action."""
        person = self.person
        found: list[tuple[int, int, Any]] = [(self._forget(), 4, None)]
        planned = [
            (wakes, each.order(), each)
            for each in person.open_episodes()
            for wakes in [each.wakes()]
            if wakes is not None
        ]
        if planned:
            wakes, _, episode = min(planned, key=lambda row: row[:2])
            found.append((wakes, 1, episode))
        found += [(watch.until, 2, watch) for watch in person.watches]
        bound = None if person.left else next_bound(person, self.recipes)
        if bound is not None:
            found.append((bound, 3, None))
        at, rank, what = min(
            ((max(at, self.now), rank, what) for at, rank, what in found), key=lambda row: row[:2]
        )
        return at, rank, what

    def _forget(self) -> int:
        planned = [
            each.due or 0
            for each in self.person.open_episodes()
            if each.is_life and not each.recipe.shadow
        ]
        return max([self.person.remembered_from + self.recipes.keep, *planned])

    def _happens(self, at: int, rank: int, what: Any) -> None:
        person = self.person
        if rank == 1:
            step(person, what, at, self.recipes, self.out)
            self._look(at)
        elif rank == 2:
            person.watches.remove(what)
            what.ends(at, person.id, self.out)
        elif rank == 3:
            self._look(at)
        else:
            self._forgets(at)

    def _forgets(self, at: int, former: Recipes | None = None) -> None:
        person = self.person
        for episode in person.open_episodes():
            episode.close("forgotten", at, self.out)
        for watch in person.watches:
            watch.ends(at, person.id, self.out)
        change(person, [], at, self.recipes, self.out, former)
        self.person, self.known = Person(person.id), False

    def _erased(self, at: int, event: str) -> None:
        """Ends all that is known. What comes behind at the same time is of the person that was."""
        person = self.person
        for episode in person.open_episodes():
            episode.close("erased", at, self.out)
        for episode in person.episodes:
            episode.cancel("erased", None, at, self.out)
        named = [each["name"] for each in self.recipes.audiences] + person.audiences
        change(person, [], at, self.recipes, self.out)
        self.out.without_value += [(name, person.id) for name in dict.fromkeys(named)]
        self.out.erases(person.id, at, event)
        self.person, self.known, self.erased_at = Person(person.id), False, at

    def _turn(self, at: int) -> None:
        """A new document comes into force."""
        former, self.turned, self.now = self.recipes, at, at
        self.recipes = in_force(self.history, at)
        if not self.known:
            return
        if self.recipes.keep != former.keep and self._forget() <= at:
            self._forgets(at, former)
            return
        turn(self.person, at, former, self.recipes, self.out)

    def fact(self, fact: Fact) -> None:
        """Applies a fact; deadlines at the same time run first."""
        self.advance(fact.at)
        person, body, at, out = self.person, fact.body, fact.at, self.out
        if at == self.erased_at or (self.known and fact.is_copy(self.last)):
            return
        if fact.kind == "person.erased":
            self._erased(at, body)
            return
        if fact.kind == "brought":
            self._brought(body, at, fact.visitor)
            return
        if fact.kind == "visitor.moved" and not self.known:
            return
        self.last = fact
        self.known, person.remembered_from, self.now = True, at, at
        by_a_key = fact.visitor.startswith("~~")
        if not by_a_key and not (fact.kind == "order.placed" and body.withheld):
            person.left = False
        life = Life(person, at, self.recipes, out, fact.visitor)
        self._apply(fact, life)
        life.look()

    def _look(self, at: int) -> None:
        Life(self.person, at, self.recipes, self.out).look()

    def _brought(self, parts: Order, at: int, key: str) -> None:
        """Applies a repetition forwarded by a key; ignored if the person does not know the order."""
        known = self.person.orders.same(parts) if self.known else None
        if known is None:
            return
        entered = whole.brings(known, parts)
        life = Life(self.person, at, self.recipes, self.out, key)
        if entered is not None:
            life.brought(known, entered)
        life.look()

    def _apply(self, fact: Fact, life: Life) -> None:
        person, body, at, out = self.person, fact.body, fact.at, self.out
        match fact.kind:
            case "visitor.active":
                person.devices.setdefault(fact.visitor, Device()).active = True
                person.plan(at)
            case "visitor.idle":
                person.devices[fact.visitor] = Device(False, body["last_active"], body["visits"])
                self._views(body["views"])
                idle(Feeding(person, fact.visitor, body, at), self.recipes, out)
                person.plan(at)
            case "visitor.moved":
                person.devices.pop(fact.visitor, None)
                for episode in person.open_episodes():
                    own = episode.fed_by == fact.visitor
                    if episode.is_life:
                        own = person.id.startswith("visitor:")
                    if own:
                        episode.close("moved", at, out)
                person.left = not person.devices
                person.watches = [each for each in person.watches if each.visitor != fact.visitor]
                person.plan(at)
            case "handed over":
                purchases.handed_over(person, body, at, out, life)
            case "order.placed":
                placed = purchases.placed(person, body, at, out, handed_over=False)
                purchases.follows(life, *placed)
            case "order.cancelled":
                gone = purchases.cancelled(person, body)
                for watch in person.watches:
                    kept = [n for n, each in enumerate(watch.counted) if each not in gone]
                    watch.counted = [watch.counted[n] for n in kept]
                    watch.values = [watch.values[n] for n in kept]
                life.taken_out(gone)
            case "order.delivered":
                life.delivered(body.id)
            case "visitor.subscribed":
                person.consents(body.applied_to(person.consent), at, out)
                person.subscribed(body.channels)
                if not body.old:
                    life.subscribed(body.channels)
            case "consent.changed":
                person.consents(body.applied_to(person.consent), at, out)
            case "visitor.identified":
                person.identified(body)
            case "onsite.decided":
                about, until = body
                person.watch(about, until, fact.visitor)

    def _views(self, views: list[dict[str, Any]]) -> None:
        """Records last views of products and categories named by audiences."""
        for view in views:
            for name in (("category", view.get("category")), ("product", view["id"])):
                if name in self.recipes.named():
                    known = self.person.viewed
                    known[name] = max(known.get(name, -1), view["at"])
