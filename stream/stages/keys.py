"""The keys stage of one partition of claims: one state for each key of identity.

Source: docs/semantics.md, 11. A claim binds a person to a key, or contains a person's order, cancellation, delivery or
consent. The key forwards it to its other owners. A new owner gets the orders and withdrawals of the others. The facts
have the claim's time, the visitor `~~<key>` and the key's own fact number.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import structs

from stream.outputs.outputs import Outputs
from stream.stages.backend import best_backend
from stream.stages.waiting import WaitingStage
from stream.stages.watermark import Watermark
from stream.state import claims, facts
from stream.state.claims import (
    AnyClaim,
    Bound,
    CancelClaim,
    Claim,
    ConsentClaim,
    DeliveryClaim,
    ErasureClaim,
    OrderClaim,
)
from stream.state.key import (
    VISITOR,
    ClaimedOrder,
    Key,
    bind,
    drop_old,
    enter,
    grant,
    known,
    supplement,
    take_out,
    withdraw,
)
from stream.state.orders import HandedOrder
from stream.state.whole_order import WholeOrder
from stream.store.keyed import Keyed

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Key).decode


def _place(key: Key, claim: Claim, person: str) -> dict[str, Any]:
    """The fields of every fact from the key to a person. It takes the key's next fact number."""
    number = key.facts
    key.facts += 1
    return {"at": claim.at, "visitor": f"~~{key.id}", "n": number, "person": person}


def _others(key: Key, claim: Claim) -> list[str]:
    """The other owners to which the key forwards the claim, in the order in which they were bound."""
    return [
        owner.person
        for owner in key.owners
        if owner.person != claim.person and not key.parts(claim.person, owner.person)
    ]


def _hearers(key: Key, claim: Claim) -> list[str]:
    """Like `_others`, but for a shared key only the owner that was bound last."""
    return _others(key, claim)[-1:] if key.shared else _others(key, claim)


def _bound(key: Key, claim: Bound, out: Outputs) -> None:
    person = claim.person
    if not bind(key, person, claim.at) or key.shared:
        return
    orders = [
        HandedOrder(
            order.id, order.at, False, order.cart_id, order.contents, _order_for(order, person)
        )
        for order in key.orders
        if order.person != person and not key.parts(order.person, person)
    ]
    withdrawn = [
        channel
        for channel, persons in key.withdrawn.items()
        if any(each != person and not key.parts(each, person) for each in persons)
    ]
    if orders or withdrawn:
        place = _place(key, claim, person)
        out.add_fact(facts.Identified(**place, orders=orders, withdrawn=withdrawn))


def _order_for(order: ClaimedOrder, person: str) -> WholeOrder | None:
    """The order as sent to a person. A visitor's order may open episodes only at its first known owner."""
    whole = order.whole
    if whole is None or not order.person.startswith(VISITOR) or person.startswith(VISITOR):
        return whole
    sent = structs.replace(whole, withheld=order.opened)
    order.opened = True
    return sent


def _ordered(key: Key, claim: OrderClaim, out: Outputs) -> None:
    before = known(key, claim.order_id, claim.at)
    if before is not None:
        _repeated(key, claim, before, out)
        return
    order = ClaimedOrder(
        claim.order_id, claim.at, claim.person, claim.cart_id, claim.contents, claim.whole
    )
    enter(key, order)
    hearers = _hearers(key, claim)
    orders = {person: _order_for(order, person) for person in reversed(hearers)}
    for person in hearers:
        fact = facts.Ordered(**_place(key, claim, person), order_id=claim.order_id)
        fact.cart_id, fact.contents, fact.whole = claim.cart_id, claim.contents, orders[person]
        out.add_fact(fact)


def _repeated(key: Key, claim: OrderClaim, order: ClaimedOrder, out: Outputs) -> None:
    """Sends the parts that a repeated order adds, to the owners to which the key forwards the order."""
    parts = None if claim.whole is None else supplement(key, order, claim.whole)
    if parts is None:
        return
    for person in _hearers(key, claim):
        place = _place(key, claim, person)
        fact = facts.Supplemented(**place, order_id=claim.order_id, order_at=order.at, whole=parts)
        out.add_fact(fact)


def _delivered(key: Key, claim: DeliveryClaim, out: Outputs) -> None:
    for person in _hearers(key, claim):
        out.add_fact(facts.Delivered(**_place(key, claim, person), order_id=claim.order_id))


def _cancelled(key: Key, claim: CancelClaim, out: Outputs) -> None:
    take_out(key, claim.order_id, claim.unpaid)
    for person in _hearers(key, claim):
        fact = facts.Unordered(**_place(key, claim, person), order_id=claim.order_id)
        fact.unpaid = claim.unpaid
        out.add_fact(fact)


def _consented(key: Key, claim: ConsentClaim, out: Outputs) -> None:
    if claim.granted:
        if not claim.late:
            grant(key, claim.channels)
        return
    withdraw(key, claim.channels, claim.person)
    for person in _others(key, claim):
        place = _place(key, claim, person)
        out.add_fact(facts.Consented(**place, channels=claim.channels, granted=False))


def _erased(key: Key, claim: ErasureClaim, out: Outputs) -> None:
    """Erases the owners with a key that alone names them, unless the key is shared."""
    if claim.owners and not key.shared:
        for owner in key.owners:
            out.add_fact(facts.Erased(**_place(key, claim, owner.person), event=claim.event))


APPLY: Final[Mapping[type, Callable[[Key, Any, Outputs], None]]] = {
    Bound: _bound,
    OrderClaim: _ordered,
    CancelClaim: _cancelled,
    DeliveryClaim: _delivered,
    ConsentClaim: _consented,
    ErasureClaim: _erased,
}


class Keys(WaitingStage[Key, AnyClaim]):
    """The keys stage. `sources`: number of input partitions; each has its own evidence."""

    counted = "claims"

    def __init__(self, sources: int) -> None:
        states: Keyed[Key] = Keyed(_encode, _decode, back=best_backend().back)
        super().__init__(states, Watermark(sources), claims.decode)

    def _whose(self, record: AnyClaim) -> str:
        return record.key

    def _new(self, key: str) -> Key:
        return Key(key)

    def _ends(self, record: AnyClaim) -> bool:
        return type(record) is ErasureClaim

    def _apply_to(self, state: Key, record: AnyClaim, out: Outputs) -> None:
        drop_old(state, record.at)
        APPLY[type(record)](state, record, out)
