"""Sections 6 and 7: the state of one person and its episodes."""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.reference.bought import Bought
from tests.reference.cart import contents, value
from tests.reference.checkout import Checkout
from tests.reference.exit_intent import withdrawn
from tests.reference.orders import Order, Orders
from tests.reference.outputs import Outputs
from tests.reference.recipes import LIFE, Recipe
from tests.reference.times import trigger_id


@dataclass
class Episode:
    """One episode, open or finished; a finished one is remembered with its person.

    `origin` is its cart id at opening, `cart_id` its last one (browse: the visitor, both). `lines`,
    `checkout`, `changed_at`, `subject` and `sub_kind` are those last fed.
    """

    recipe: Recipe
    person: str
    origin: str
    cart_id: str
    key_time: int
    opened: int
    is_open: bool = True
    lifted: bool = False
    lifted_under: set[str] = field(default_factory=set)
    decided: int = 0
    fired: list[tuple[int, int]] = field(default_factory=list)
    due: int | None = None
    fed_at: int = 0
    fed_by: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    checkout: Checkout | None = None
    changed_at: int | None = None
    sub_kind: str | None = None
    subject: dict[str, Any] | None = None
    published: list[dict[str, Any]] = field(default_factory=list)
    base: int | None = None
    waits_until: int | None = None
    about: Order | None = None
    line: dict[str, Any] | None = None
    channels: list[str] | None = None
    watched: bool = False
    steps: list[int] = field(default_factory=list)
    """Offsets by step number: of decided steps, and of those left in the document in force."""

    def __post_init__(self) -> None:
        self.steps = list(self.recipe.steps)

    @property
    def is_life(self) -> bool:
        return self.recipe.kind in LIFE

    @property
    def ordered_at(self) -> int:
        return -1 if self.about is None else self.about.time

    def wakes(self) -> int | None:
        return self.waits_until if self.due is None else self.due

    def id(self) -> str:
        """The trigger id of the next step."""
        return trigger_id(
            self.recipe.name, self.person, self.origin, self.key_time, self.decided + 1
        )

    def contents(self) -> list[tuple[str, str, float]]:
        return contents(self.lines)

    def cart(self) -> dict[str, Any] | None:
        """The snapshot, None if it is empty."""
        if not self.lines:
            return None
        return {"id": self.cart_id, "lines": self.lines, "value": value(self.lines)}

    def close(self, reason: str, at: int, out: Outputs) -> None:
        """Closes the episode with steps left."""
        left = len(self.steps) - self.decided
        out.decision(
            self.id(),
            self.recipe,
            self.decided + 1,
            self.person,
            self.fed_by,
            "closed",
            at,
            reason,
            steps_left=left,
        )
        self.is_open, self.due, self.waits_until = False, None, None

    def cancel(self, reason: str, order: str | None, at: int, out: Outputs) -> None:
        """Cancels each of its triggers that is still valid."""
        for fired in list(self.published):
            if at < fired["valid_until"]:
                self.published.remove(fired)
                out.cancelled(fired, reason, order, at)

    def order(self) -> tuple[int, str, str, int]:
        return self.recipe.priority, self.recipe.name, self.origin, self.key_time


@dataclass
class Purchase:
    """A product of an order; `number`: its position in order of entering."""

    product: str
    order_id: str
    time: int
    day: int
    number: int
    units: float
    line: dict[str, Any]


@dataclass
class Device:
    """The people stage's state of one of the person's visitors."""

    active: bool = False
    last_active: int = 0
    visits: int = 0


@dataclass
class Watch:
    """A watch (semantics of life, 15). `about`: its record without counts · `visitor`: the visitor it moves with."""

    about: dict[str, Any]
    until: int
    visitor: str | None
    counted: list[Order] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def ends(self, at: int, person: str, out: Outputs) -> None:
        counts = {"orders": len(self.counted), "value": round(math.fsum(self.values), 2)}
        out.outcomes.append({**self.about, "person": person, "until": at, **counts})


@dataclass
class Person:
    """A person. `contacts`: None if never sent; `carts`: change time and lines of each known cart."""

    id: str
    last_fact: int = 0
    contacts: list[str] | None = None
    zone: str | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    consent: dict[str, bool] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)
    bought: Bought = field(default_factory=Bought)
    devices: dict[str, Device] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    carts: dict[str, tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)
    last_offer: int | None = None
    shadow_offers: dict[str, int] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    left: bool = False
    remembered_from: int = 0
    purchases: list[Purchase] = field(default_factory=list)
    bought_number: int = 0
    audiences: list[str] = field(default_factory=list)
    changes: int = 0
    looked_at: int = -1
    viewed: dict[tuple[str, str | None], int] = field(default_factory=dict)
    bought_at: dict[tuple[str, str | None], int] = field(default_factory=dict)

    def watch(self, about: dict[str, Any], until: int, visitor: str | None) -> None:
        """Opens a watch unless one of this recipe is open."""
        if all(each.about["recipe"] != about["recipe"] for each in self.watches):
            self.watches.append(Watch(about, until, visitor))

    def spent(self) -> float:
        return max(self.traits.get("value", 0), self.orders.worth())

    def purchases_of(self, product: str) -> list[Purchase]:
        mine = [each for each in self.purchases if each.product == product]
        return sorted(mine, key=lambda each: (each.day, each.number))

    def open_episodes(self) -> list[Episode]:
        return [episode for episode in self.episodes if episode.is_open]

    def visits(self) -> int:
        return sum(device.visits for device in self.devices.values())

    def plan(self, now: int) -> None:
        """Plans each open episode's next step; none while a visitor is active."""
        for episode in self.open_episodes():
            if episode.is_life:
                continue
            episode.due = None
            self.plan_next(episode, now)

    def plan_next(self, episode: Episode, now: int) -> None:
        if any(device.active for device in self.devices.values()):
            return
        anchor = max((device.last_active for device in self.devices.values()), default=0)
        steps = episode.steps
        due = anchor + steps[episode.decided]
        if episode.fired:
            step, at = episode.fired[-1]
            due = max(due, at + steps[episode.decided] - steps[step])
        episode.due = max(due, now)

    def consents(self, known: dict[str, bool], now: int, out: Outputs) -> None:
        """Sets the consents; cancels valid triggers on withdrawn channels."""
        self.consent = known
        for episode in self.episodes:
            for fired in list(episode.published):
                if now < fired["valid_until"] and withdrawn(fired["channels"], self.consent):
                    episode.published.remove(fired)
                    out.cancelled(fired, "consent", None, now)

    def identified(self, event: dict[str, Any]) -> None:
        self.contacts = event.get("contacts", self.contacts)
        self.zone = event.get("time_zone", self.zone)
        self.traits |= event.get("traits", {})

    def subscribed(self, channels: list[str]) -> None:
        """Adds the channels of a subscription to the contacts, of a known person only if contacts were sent."""
        reach = [each for each in channels if each != "onsite"]
        if self.id.startswith("visitor:"):
            reach = [each for each in reach if each in ("push", "messenger")]
            if not reach:
                return
        elif self.contacts is None:
            return
        known = self.contacts or []
        self.contacts = known + [each for each in reach if each not in known]
