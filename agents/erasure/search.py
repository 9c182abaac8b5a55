"""Finds the states of a person: of its visitors, its keys of identity, and the persons that these keys name. Pure.

A device alone does not make two persons one. A visitor that is another customer's by now is not part of the person, nor is
another customer with the same address.
"""

from collections.abc import Collection

from agents.erasure.wanted import ADDRESSES, ErasedNames
from stream.stages.announce_claims import claimed_pairs, own_keys
from stream.state.key import CUSTOMER, VISITOR, Key
from stream.state.person import Person
from stream.state.visitor import Visitor


def of_visitor(state: Visitor, wanted: ErasedNames) -> bool:
    """Adds a visitor of the person, its customer and its keys. Returns whether it is one."""
    people, pairs = wanted.people, claimed_pairs(state)
    theirs = {state.person, *own_keys(state), *(person for _, person in pairs)}
    by_a_key = state.id.startswith("~") and state.id[1:] in wanted.keys
    if state.customer is not None and state.customer not in wanted.customers:
        if state.id not in wanted.visitors or wanted.customers:
            if state.former not in people:
                return False
            wanted.visitors.add(state.id)
            return True
        wanted.customers.add(state.customer)
    elif not (state.id in wanted.visitors or by_a_key or theirs & people or state.former in people):
        return False
    wanted.visitors.add(state.id)
    wanted.keys.update(own_keys(state), (key for key, _ in pairs))
    return True


def of_key(state: Key, wanted: ErasedNames, given: Collection[str]) -> None:
    """Adds a key that names the person. `given`: keys whose owners all belong to the person, unless the key is shared."""
    named = mentions(state, wanted.people)
    if state.id in given and not state.shared:
        for owner in state.owners:
            add_person(owner.person, wanted)
    if named:
        wanted.keys.add(state.id)


def mentions(state: Key, people: Collection[str]) -> bool:
    """Whether a key has one of the persons: as an owner, by an order, or by something withdrawn."""
    mentioned = {owner.person for owner in state.owners}
    mentioned |= {person for people in state.withdrawn.values() for person in people}
    mentioned |= {order.person for order in state.orders}
    return not mentioned.isdisjoint(people)


def of_person(state: Person, wanted: ErasedNames) -> None:
    """Adds the visitors of a person. Each visitor's own state then says to whom it belongs."""
    if state.id in wanted.people:
        wanted.visitors.update(id for id in state.visitors if not id.startswith("~~"))


def add_person(person: str, wanted: ErasedNames) -> None:
    """Adds a person's own name, such as the 4711 of `customer:4711`."""
    sort, _, id = person.partition(":")
    if person.startswith(CUSTOMER):
        wanted.customers.add(id)
    elif person.startswith(VISITOR):
        wanted.visitors.add(id)
    elif sort in ADDRESSES:
        wanted.keys.add(person)
