"""Applies `person.erased` to a visitor and to a person. Source: docs/semantics-life.md, "Erasure".

The visitor's state has the persons that it was and the keys of identity that it named. Each of them ends at the same
time. The keys stage ends the keys.
"""

from collections.abc import Callable, Iterable
from typing import Final

from schemas import names_nobody
from stream.episodes import lifecycle
from stream.events.owner import customer_of, is_pseudo, keys_of
from stream.events.types import PersonErased
from stream.kinds import membership
from stream.outputs import erasures, triggers
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_claims
from stream.stages.applying import CODES
from stream.state import facts
from stream.state.claims import ErasureClaim
from stream.state.facts import number
from stream.state.person import Person
from stream.state.visitor import Visitor
from stream.store.keyed import Keyed

_ADDRESSES: Final = ("email:", "phone:")
_NOBODY: Final = ("visitor:~customer:", "visitor:~email:", "visitor:~phone:")
"""Not persons of their own: such a pseudo-visitor is the customer or the contact that it names."""


def erase_at(
    states: Keyed[Visitor],
    new: Callable[[str], Visitor],
    state: Visitor | None,
    event: PersonErased,
    offset: int,
    t: int,
    out: Outputs,
) -> str:
    """Erases the visitor of an event at `offset` and `t` (ms), unless it is another customer's.

    An unknown visitor is created and forgotten too, so that a copy of the record is recognized. Returns the outcome of
    the event.
    """
    if state is None:
        state = new(event.visitor)
        states.add(event.visitor, state)
    states.dirty[event.visitor] = state
    erased = erase(state, event, t, out)
    state.applied = offset
    if erased:
        states.forget(event.visitor, state)
        return "applied"
    state.last_event = t
    if not names_nobody(event.id):
        state.remember(CODES[PersonErased] + event.id)
    return "applied"


def erase(state: Visitor, event: PersonErased, t: int, out: Outputs) -> bool:
    """Erases every person and key of the visitor. Returns False if the visitor is another customer's by now."""
    keys, customer = keys_of(event), customer_of(event)
    named = list(keys)
    people = [] if customer is None else [f"customer:{customer}"]
    own = customer is None or state.customer in {None, customer}
    if own:
        pairs = announce_claims.claimed_pairs(state)
        itself = (state.person, f"visitor:{state.id}")
        people += [each for each in itself if not each.startswith(_NOBODY)]
        people += [person for _, person in pairs]
        keys += [key for key, _ in pairs] + announce_claims.own_keys(state)
        keys += [] if state.ordered is None else state.ordered.keys
        triggers.cancel_all(state.published, t, "erased", None, out)
    elif state.former == f"customer:{customer}":
        state.former = None
    people += [key for key in keys if key.startswith(_ADDRESSES)]
    alone = customer is None and is_pseudo(event.visitor)
    _send_facts(state, people, event.id, t, out)
    _claim(state, keys, named if alone else [], event.id, t, out)
    return own


def _send_facts(state: Visitor, people: Iterable[str], event: str, t: int, out: Outputs) -> None:
    for person in dict.fromkeys(people):
        n = number(state)
        out.add_fact(facts.Erased(at=t, visitor=state.id, n=n, person=person, event=event))


def _claim(
    state: Visitor,
    keys: Iterable[str],
    with_owners: list[str],
    event: str,
    t: int,
    out: Outputs,
) -> None:
    for key in dict.fromkeys(keys):
        claim = ErasureClaim(at=t, visitor=state.id, n=number(state), key=key, person=state.person)
        claim.owners, claim.event = key in with_owners, event
        out.claim(claim)


def end_person(person: Person, fact: facts.Erased, recipes: Recipes, out: Outputs) -> None:
    """Closes the person's episodes, cancels its valid triggers, and removes it from its audiences."""
    at = fact.at
    for episode in person.open_episodes():
        lifecycle.close(person, episode, "erased", at, recipes, out)
    for episode in person.episodes:
        triggers.cancel_all(episode.published, at, "erased", None, out)
    belonged = [] if person.life is None else list(person.life.audiences)
    membership.leave_all(person, at, recipes, out, recipes)
    erasures.publish(person.id, at, recipes, out, belonged, fact.event)
