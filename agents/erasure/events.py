"""The events that erase somebody: one for each visitor, each customer, and the keys. Pure.

Each names the customer where there is one, so that a visitor who is another customer's by the time it arrives stays.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from agents.erasure.wanted import ErasedNames
from stream.state.visitor import Visitor

SORTS: Final = ("cart", "checkout", "email", "phone")

Event = dict[str, Any]


def events(wanted: ErasedNames, states: Mapping[str, Visitor], asked: set[str]) -> list[Event]:
    """Without ids. `states`: of the visitors, as far as there are any; `asked`: keys that were asked for alone."""
    found = [*_of_visitors(wanted, states)]
    found += [{"customer": id} for id in sorted(wanted.customers)]
    found += _of_keys(wanted)
    if not wanted.customers:
        found += [{"keys": {sort: id}} for sort, id in map(_parts, sorted(asked))]
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
    """As many as the most keys of one sort: an event names one of each. A key alone would name its owners."""
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
