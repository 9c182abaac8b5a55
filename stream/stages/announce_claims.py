"""Sends claims of the visitors stage to the keys stage. Source: docs/semantics.md, 11.

A claim binds a person to a key of identity, or contains an order, a cancellation, a delivery or a consent. Claims are
numbered with the visitor's facts, and sent after them. A visitor remembers the pairs (key, person) that it sent last,
so that it does not send them with every event.
"""

from collections.abc import Iterable
from typing import Final

from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.state.cart import Contents
from stream.state.claims import Bound, CancelClaim, ConsentClaim, DeliveryClaim, OrderClaim
from stream.state.facts import number
from stream.state.visitor import Visitor
from stream.state.whole_order import WholeOrder

KEPT_PAIRS: Final = 16
REPEAT_AFTER: Final = 7 * DAY
"""A claim is sent again if the last one of its pair is this old (ms)."""

_BETWEEN: Final = "|"
"""Separates the length of the key from the key and the person in a remembered pair."""


def bind(state: Visitor, keys: Iterable[str], changed: bool, t: int, out: Outputs) -> None:
    """Claims the keys of an event for the person. After a change of person it claims the earlier keys too."""
    bound_pairs, person = state.bound_pairs, state.person
    if changed:
        for key in dict.fromkeys(key for key, _ in claimed_pairs(state)):
            _bound(state, key, person, t, out)
    for key in keys:
        at = bound_pairs.get(_pair(key, person))
        if at is None or t - at >= REPEAT_AFTER:
            _bound(state, key, person, t, out)


def _pair(key: str, person: str) -> str:
    return f"{len(key)}{_BETWEEN}{key}{person}"


def key_and_person(pair: str) -> tuple[str, str]:
    """The key and the person of a remembered pair. Raises ValueError for any other text."""
    length, _, rest = pair.partition(_BETWEEN)
    return rest[: int(length)], rest[int(length) :]


def claimed_pairs(state: Visitor) -> list[tuple[str, str]]:
    """The pairs (key, person) that the visitor claimed last."""
    return [key_and_person(pair) for pair in state.bound_pairs]


def _bound(state: Visitor, key: str, person: str, t: int, out: Outputs) -> None:
    bound_pairs, pair = state.bound_pairs, _pair(key, person)
    bound_pairs.pop(pair, None)
    bound_pairs[pair] = t
    if len(bound_pairs) > KEPT_PAIRS:
        del bound_pairs[next(iter(bound_pairs))]
    out.claim(Bound(at=t, visitor=state.id, n=number(state), key=key, person=person))


def own_keys(state: Visitor) -> list[str]:
    """The visitor's own e-mail and phone keys."""
    found = [] if state.email is None else [f"email:{state.email}"]
    return found if state.phone is None else [*found, f"phone:{state.phone}"]


def ordered(
    state: Visitor,
    person: str,
    keys: Iterable[str],
    order: tuple[str, str | None, Contents | None, WholeOrder],
    t: int,
    out: Outputs,
) -> None:
    """Claims an order for each key. `order`: its id, cart id, emptied contents, and all its fields."""
    id, cart_id, contents, whole = order
    for key in dict.fromkeys(keys):
        claim = OrderClaim(
            at=t,
            visitor=state.id,
            n=number(state),
            key=key,
            person=person,
            order_id=id,
            cart_id=cart_id,
            contents=contents,
            whole=whole,
        )
        out.claim(claim)


def unordered(
    state: Visitor,
    person: str,
    keys: Iterable[str],
    id: str,
    unpaid: tuple[int, int] | None,
    t: int,
    out: Outputs,
) -> None:
    for key in dict.fromkeys(keys):
        claim = CancelClaim(
            at=t,
            visitor=state.id,
            n=number(state),
            key=key,
            person=person,
            order_id=id,
            unpaid=unpaid,
        )
        out.claim(claim)


def delivered(
    state: Visitor, person: str, keys: Iterable[str], id: str, t: int, out: Outputs
) -> None:
    for key in dict.fromkeys(keys):
        n = number(state)
        out.claim(DeliveryClaim(at=t, visitor=state.id, n=n, key=key, person=person, order_id=id))


def consented(
    state: Visitor,
    person: str,
    keys: Iterable[str],
    channels: list[str],
    granted: bool,
    late: bool,
    t: int,
    out: Outputs,
) -> None:
    for key in dict.fromkeys(keys):
        claim = ConsentClaim(
            at=t,
            visitor=state.id,
            n=number(state),
            key=key,
            person=person,
            channels=list(channels),
            granted=granted,
            late=late,
        )
        out.claim(claim)
