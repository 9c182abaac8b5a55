"""What an event tells the keys stage: which keys are whose, orders, consents. Source: docs/semantics.md, 11.

Claims take the visitor's fact numbers, after its facts. The pairs of a key and a person that were told last
are remembered, so that what is known is not told with every event.
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
TOLD_LASTS: Final = 7 * DAY
_BETWEEN: Final = "|"
"""Between a key and a person: the last of a pair, since a person's sort holds none."""


def bind(state: Visitor, keys: Iterable[str], changed: bool, t: int, out: Outputs) -> None:
    """The keys of an event, and, if the person changed, those that were told before."""
    bound_pairs, person = state.bound_pairs, state.person
    if changed:
        for key in dict.fromkeys(_key(pair) for pair in bound_pairs):
            _bound(state, key, person, t, out)
    for key in keys:
        at = bound_pairs.get(_pair(key, person))
        if at is None or t - at >= TOLD_LASTS:
            _bound(state, key, person, t, out)


def _pair(key: str, person: str) -> str:
    return f"{len(key)}{_BETWEEN}{key}{person}"


def _key(pair: str) -> str:
    length, _, rest = pair.partition(_BETWEEN)
    return rest[: int(length)]


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
    """`order`: its id, cart id, contents, and the whole of it."""
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
