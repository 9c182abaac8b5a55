"""Erasures of persons as CloudEvents 1.0 in structured JSON. Readers delete their data about the person.

Source: docs/semantics-life.md, "Erasure".
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.outputs.triggers import rfc3339
from stream.recipes.ids import short_hash
from stream.recipes.recipe import Recipes

ERASED: Final = "storefront.person.erased.v1"
SOURCE: Final = "/people/erased"


class Erasure(Struct):
    """An erasure. `at` (ms): everything of the person up to this time is erased · `event`: the id of the event that asked."""

    person: str
    customer: str | None
    at: int
    event: str


class ErasureEvent(Struct):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Erasure


_encode: Final = msgspec.json.Encoder().encode


def publish(
    person: str,
    at: int,
    recipes: Recipes,
    out: Outputs,
    also: Iterable[str] = (),
    event: str = "",
) -> None:
    """Adds the records of an erasure. `also`: audiences of the person that no recipe names any more · `event`: the id of
    the event that asked, "" if an earlier release read it."""
    id = short_hash(f"erased|{person}|{at}")
    customer = person.removeprefix("customer:") if person.startswith("customer:") else None
    made = ErasureEvent(
        "1.0",
        id,
        SOURCE,
        ERASED,
        person,
        rfc3339(at),
        "application/json",
        Erasure(person, customer, at, event),
    )
    for name in dict.fromkeys([*also, *(each.name for each in recipes.audiences.all)]):
        out.audiences.append((name, person, at, False, None))
    out.erased.append((person, _encode(made)))
    out.counts["erased", person.partition(":")[0]] += 1
