"""Makes the events that erase a person: one for each visitor and each customer, and some for the keys. Pure.

Each event names the customer if there is one. So a visitor is not erased if it has become another customer's meanwhile.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from agents.erasure.wanted import ErasedNames
from stream.state.visitor import Visitor

SORTS: Final = ("cart", "checkout", "email", "phone")

Event = dict[str, Any]


def events(wanted: ErasedNames, states: Mapping[str, Visitor], given: set[str]) -> list[Event]:
    """The events, without ids. `states`: those of visitors that have one · `given`: the keys on the command line."""
    found = [*_of_visitors(wanted, states)]
    found += [{"customer": id} for id in sorted(wanted.customers)]
    found += _of_keys(wanted)
    if not wanted.customers:
        found += [{"keys": {sort: id}} for sort, id in map(_parts, sorted(given))]
    return [{"type": "person.erased", **each} for each in found]


def of_states(wanted: ErasedNames, states: Mapping[str, Visitor]) -> list[Event]:
    """The events for these visitors and the keys alone: nothing names a customer that has come anew meanwhile by itself."""
    named = ErasedNames(wanted.customers, set(states), wanted.keys)
    found = [*_of_visitors(named, states), *_of_keys(named)]
    return [{"type": "person.erased", **each} for each in found]


def _of_visitors(wanted: ErasedNames, states: Mapping[str, Visitor]) -> Iterator[Event]:
    for id in sorted(wanted.visitors):
        state, of_all = states.get(id), wanted.customers
        whose = (
            of_all if state is None else {state.customer or "", _customer(state.former)} & of_all
        )
        yield {"visitor": id, **({"customer": min(whose)} if whose else {})}


def _customer(person: str | None) -> str:
    return person.removeprefix("customer:") if person and person.startswith("customer:") else ""


def _of_keys(wanted: ErasedNames) -> Iterator[Event]:
    """The events for the keys. An event names one key of each sort, and an owner: a key alone would name all its owners."""
    owner: Event = {}
    if wanted.customers:
        owner = {"customer": min(wanted.customers)}
    elif wanted.visitors:
        owner = {"visitor": min(wanted.visitors)}
    if not owner:
        return
    by_sort = [sorted(key for key in wanted.keys if _parts(key)[0] == sort) for sort in SORTS]
    for row in zip_longest(*by_sort):
        yield owner | {"keys": dict(_parts(key) for key in row if key is not None)}


def _parts(key: str) -> tuple[str, str]:
    sort, _, id = key.partition(":")
    return sort, id
