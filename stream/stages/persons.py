"""Changes a visitor's person: an event names a person, or the customer logs out. Source: docs/semantics.md, 4."""

from msgspec import UNSET

from stream.events.owner import customer_of, pseudo_key
from stream.events.types import Event
from stream.outputs.outputs import Outputs
from stream.stages import announce_facts
from stream.stages.judgement import goes
from stream.state.visitor import Visitor


def follow(state: Visitor, event: Event, kind: type, late: bool, t: int, out: Outputs) -> bool:
    """Sets the person that an event names. Announces a change of person, and returns whether there was one."""
    old = state.person
    gone = goes(state, event, kind, late)
    if gone:
        _leave(state, t, out)
    customer = customer_of(event)
    if customer is not None and customer != state.customer:
        state.customer = customer
        state.customer_since = t
    _take_keys(state, event)
    if state.person == old:
        return False
    if gone:
        if state.is_known:
            announce_facts.became(state, event.id, t, out)
    else:
        announce_facts.moved(state, old, t, out)
        announce_facts.became(state, event.id, t, out)
    return True


def _take_keys(state: Visitor, event: Event) -> None:
    """Keeps the e-mail and phone keys of an event as the visitor's own."""
    own = pseudo_key(event.visitor)
    if own is not None:
        if own[0] == "email":
            state.email = own[1]
        elif own[0] == "phone":
            state.phone = own[1]
    keys = event.keys
    if keys is not UNSET:
        if keys.email is not UNSET:
            state.email = keys.email
        if keys.phone is not UNSET:
            state.phone = keys.phone


def _leave(state: Visitor, t: int, out: Outputs) -> None:
    """Clears the state after a logout: only the visitor's id, fact number and accepted event ids stay."""
    if announce_facts.idle_is_news(state, t):
        announce_facts.idle(state, t, out)
    former = state.person
    state.begin_anew()
    state.former = former
    state.left_at = state.customer_since = t
