"""Sections 6 and 7: the state of one person, and what facts other than presence do to it."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference.exit_intent import withdrawn
from tests.reference.outputs import Outputs
from tests.reference.recipes import Recipe
from tests.reference.times import trigger_id


@dataclass
class Episode:
    """One episode, open or finished; a finished one is remembered with its person."""

    recipe: Recipe
    person: str
    origin: str
    key_time: int
    opened: int
    is_open: bool = True
    lifted: bool = False
    decided: int = 0
    fired: list[tuple[int, int]] = field(default_factory=list)
    due: int | None = None
    fed_at: int = 0
    fed_by: str = ""
    cart: dict[str, Any] | None = None
    changed_at: int | None = None
    contents: list[tuple[str, str, int]] = field(default_factory=list)
    sub_kind: str | None = None
    subject: dict[str, Any] | None = None
    published: list[dict[str, Any]] = field(default_factory=list)

    def id(self) -> str:
        """The trigger id of the next step."""
        return trigger_id(
            self.recipe.name, self.person, self.origin, self.key_time, self.decided + 1
        )

    def close(self, reason: str, at: int, out: Outputs) -> None:
        """Ends it with steps left."""
        left = len(self.recipe.steps) - self.decided
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
        self.is_open, self.due = False, None

    def order(self) -> tuple[int, str, str]:
        return self.recipe.priority, self.recipe.name, self.origin


@dataclass
class Device:
    """What the people stage knows of one of the person's visitors."""

    active: bool = False
    last_active: int = 0
    visits: int = 0


@dataclass
class Person:
    id: str
    last_fact: int = 0
    contacts: list[str] = field(default_factory=list)
    zone: str | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    consent: dict[str, bool] = field(default_factory=dict)
    orders: list[tuple[str, int]] = field(default_factory=list)
    devices: dict[str, Device] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    carts: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    last_offer: int | None = None

    def last_order(self) -> int:
        """The time of the last order in the record; before any, a time before all."""
        return max((at for _, at in self.orders), default=-1)

    def open_episodes(self) -> list[Episode]:
        return [episode for episode in self.episodes if episode.is_open]

    def visits(self) -> int:
        return sum(device.visits for device in self.devices.values())

    def plan(self, now: int) -> None:
        """While any visitor is active nothing is due; else each open episode's next step."""
        for episode in self.open_episodes():
            episode.due = None
            self.plan_next(episode, now)

    def plan_next(self, episode: Episode, now: int) -> None:
        if any(device.active for device in self.devices.values()):
            return
        anchor = max((device.last_active for device in self.devices.values()), default=0)
        steps = episode.recipe.steps
        due = anchor + steps[episode.decided]
        if episode.fired:
            step, at = episode.fired[-1]
            due = max(due, at + steps[episode.decided] - steps[step])
        episode.due = max(due, now)

    def placed(self, order: str, at: int, now: int, out: Outputs, fed_until: int | None) -> None:
        """An order of time `at`, known at `now`; one taken over leaves what was fed later."""
        if order in [id_ for id_, _ in self.orders[-10:]]:
            return
        self.orders.append((order, at))
        for episode in self.episodes:
            if fed_until is not None and episode.fed_at > fed_until:
                continue
            if episode.is_open:
                episode.close("converted", now, out)
            episode.lifted = True
            for fired in list(episode.published):
                if now < fired["valid_until"]:
                    episode.published.remove(fired)
                    out.cancelled(fired, "ordered", order, now)

    def consents(self, channels: dict[str, bool], now: int, out: Outputs) -> None:
        self.consent |= channels
        for episode in self.episodes:
            for fired in list(episode.published):
                if now < fired["valid_until"] and withdrawn(fired["channels"], self.consent):
                    episode.published.remove(fired)
                    out.cancelled(fired, "consent", None, now)

    def taken_over(self, taken: dict[str, Any], now: int, out: Outputs) -> None:
        """A login brings the orders and the consent of the visitor it was."""
        for order, at in sorted(taken["orders"], key=lambda each: int(each[1])):
            self.placed(order, at, now, out, fed_until=at)
        granted = {name: yes for name, yes in taken["consent"].items() if yes}
        refused = {name: yes for name, yes in taken["consent"].items() if not yes}
        self.consents(refused, now, out)
        self.consents({n: yes for n, yes in granted.items() if n not in self.consent}, now, out)

    def identified(self, event: dict[str, Any]) -> None:
        self.contacts = event.get("contacts", self.contacts)
        self.zone = event.get("time_zone", self.zone)
        self.traits |= event.get("traits", {})
