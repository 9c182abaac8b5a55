"""Section 11: the keys stage for one key of identity, fed with all of the key's claims."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.reference import whole
from tests.reference.facts import Cancelled, Consent, Fact, HandedOver
from tests.reference.orders import Order, Orders
from tests.reference.times import DAY

_OWNERS = 8
_ORDERS = 64


@dataclass
class Known:
    """The state of a key. `whose`: the person of each order, by the order's identity."""

    owners: dict[str, int] = field(default_factory=dict)
    """Last binding time of each person, in binding order."""
    shared: bool = False
    orders: list[tuple[str, Order]] = field(default_factory=list)
    withdrawn: dict[str, set[str]] = field(default_factory=dict)


class Keys:
    """The keys stage for one key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.known = Known()
        self.last_claim: int | None = None
        self.erased_at: int | None = None
        self.last: Fact | None = None
        self.facts: list[Fact] = []
        self.told = 0

    def claim(self, claim: Fact) -> None:
        at = claim.at
        if at == self.erased_at or claim.is_copy(self.last):
            return
        self.last = claim
        if self.last_claim is not None and self.last_claim + 30 * DAY <= at:
            self.known = Known()
        self.last_claim = at
        known = self.known
        known.orders = [each for each in known.orders if each[1].time > at - 30 * DAY][-_ORDERS:]
        match claim.kind:
            case "bound":
                self._bound(claim.body, at)
            case "order.placed":
                source, order = claim.body
                self._placed(source, order, at)
            case "order.cancelled":
                source, cancelled = claim.body
                self._cancelled(source, cancelled, at)
            case "order.delivered":
                source, delivered = claim.body
                self._forward(source, "order.delivered", delivered, at, to_all=False)
            case "consent.changed":
                source, consent = claim.body
                self._consent(source, consent, at)
            case "person.erased":
                all_owners, event = claim.body
                self._erased(all_owners, event, at)

    def _erased(self, all_owners: bool, event: str, at: int) -> None:
        if all_owners and not self.known.shared:
            for person in self.known.owners:
                self._tell(person, "person.erased", event, at)
        self.known, self.last_claim, self.erased_at, self.told = Known(), None, at, 0

    def _tell(self, person: str, kind: str, body: Any, at: int) -> None:
        self.told += 1
        self.facts.append(Fact(at, f"~~{self.key}", self.told, person, kind, body))

    def _kept_apart(self, one: str, other: str) -> bool:
        """Whether two persons stay separate: two customers may share an address."""
        address = self.key.startswith(("email:", "phone:"))
        return address and one.startswith("customer:") and other.startswith("customer:")

    def _goes_to(self, source: str, person: str) -> bool:
        return person != source and not self._kept_apart(source, person)

    def _bound(self, person: str, at: int) -> None:
        owners = self.known.owners
        if person not in owners:
            lately = [bound for bound in owners.values() if at - bound < DAY]
            if len(lately) == _OWNERS:
                self.known.shared = True
            if not self.known.shared:
                self._hand_over(person, at)
        owners.pop(person, None)
        owners[person] = at
        while len(owners) > _OWNERS:
            del owners[next(iter(owners))]

    def _hand_over(self, person: str, at: int) -> None:
        orders = [
            self._told(order, person)
            for whose, order in self.known.orders
            if self._goes_to(whose, person)
        ]
        channels = [
            channel
            for channel, by in self.known.withdrawn.items()
            if any(self._goes_to(each, person) for each in by)
        ]
        if orders or channels:
            handed = HandedOver(orders, dict.fromkeys(channels, False))
            self._tell(person, "handed over", handed, at)

    def _forward(self, source: str, kind: str, body: Any, at: int, to_all: bool) -> None:
        """Forwards a claim; of a shared key only the owner bound last gets orders and cancellations."""
        for person in self._hearers(source, to_all):
            self._tell(person, kind, body, at)

    def _hearers(self, source: str, to_all: bool) -> list[str]:
        to = [person for person in self.known.owners if self._goes_to(source, person)]
        return to[-1:] if self.known.shared and not to_all else to

    def _record(self) -> Orders:
        orders = [order for _, order in self.known.orders]
        return Orders(record=orders, ever=list(orders))

    def _placed(self, source: str, order: Order, at: int) -> None:
        before = self._record().repetition_of(order)
        if before is not None:
            parts = whole.brings(before, order)
            if parts is not None:
                self._forward(source, "brought", parts, at, to_all=False)
            return
        self.known.orders = [*self.known.orders, (source, order)][-_ORDERS:]
        told: dict[str, Order] = {}
        for person in reversed(self._hearers(source, to_all=False)):
            told[person] = self._told(order, person)
        for person in reversed(told):
            self._tell(person, "order.placed", told[person], at)

    def _told(self, order: Order, person: str) -> Order:
        """The order for a person; an order of a visitor opens only at its first known owner."""
        if not order.whose.startswith("visitor:") or person.startswith("visitor:"):
            return replace(order)
        told = replace(order, withheld=order.opened, opened=False)
        order.opened = True
        return told

    def _cancelled(self, source: str, cancelled: Cancelled, at: int) -> None:
        """Forwards a cancellation, whether its order is known or not."""
        record = self._record()
        if cancelled.window is None:
            record.cancel(cancelled.id)
        else:
            record.mark_unpaid(record.meant(cancelled.id), cancelled.window)
        self.known.orders = [each for each in self.known.orders if each[1] in record.record]
        self._forward(source, "order.cancelled", cancelled, at, to_all=False)

    def _consent(self, source: str, consent: Consent, at: int) -> None:
        for channel in consent.channels:
            if not consent.granted:
                self.known.withdrawn.setdefault(channel, set()).add(source)
            elif not consent.late:
                self.known.withdrawn.pop(channel, None)
        if not consent.granted:
            self._forward(source, "consent.changed", consent, at, to_all=True)
