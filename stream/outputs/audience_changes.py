"""Audience changes (entered, left) as CloudEvents 1.0 in structured JSON.

Source: docs/semantics-life.md, 13.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.outputs.triggers import rfc3339
from stream.recipes.ids import short_hash

ENTERED: Final = "storefront.audience.entered.v1"
LEFT: Final = "storefront.audience.left.v1"


class Change(Struct):
    audience: str
    person: str
    customer: str | None
    at: int


class ChangeEvent(Struct):
    """A change, as its readers decode it."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Change


_Fixed = tuple[str, str, bool, tuple[str, str, str]]
"""(the JSON between the id and the subject, the JSON from the content type to the person, whether it is entered, the name
of their count)."""

_json: Final = msgspec.json.Encoder().encode


@lru_cache(maxsize=4_096)
def _fixed(kind: str, audience: str) -> _Fixed:
    """What all changes of an audience of one kind share."""
    source, type, name = (
        _json(each).decode() for each in (f"/audiences/{audience}", kind, audience)
    )
    entered = kind == ENTERED
    return (
        f'","source":{source},"type":{type},"subject":',
        f'","datacontenttype":"application/json","data":{{"audience":{name},"person":',
        entered,
        ("audiences", "entered" if entered else "left", audience),
    )


def fixed(places: Mapping[str, int]) -> dict[str, tuple[int, _Fixed, _Fixed]]:
    """By audience: its place in the file, and what all records share that tell of leaving it, and of entering it."""
    return {
        name: (place, _fixed(LEFT, name), _fixed(ENTERED, name)) for name, place in places.items()
    }


@lru_cache(maxsize=64)
def _named(person: str) -> tuple[str, str]:
    """The person and its customer as JSON. A person often leaves several audiences and enters others at one time."""
    subject = _json(person).decode()
    return subject, '"' + subject[len('"customer:') :] if person.startswith("customer:") else "null"


def publish(
    kind: str, audiences: Iterable[str], person: str, at: int, number: int, out: Outputs
) -> None:
    """Adds the records of what a person entered or left at one moment. `number`: that of the first of these changes
    among all of the person's, from 1 on.

    The JSON is put together from text that most changes share, for they are many.
    """
    subject, customer = _named(person)
    person_and_time, between = f"|{person}|{at}|", f'{subject},"time":"{rfc3339(at)}'
    end = f'{subject},"customer":{customer},"at":{at}}}}}'
    for audience in audiences:
        id = short_hash(f"{audience}{person_and_time}{number}")
        before, after, entered, count = _fixed(kind, audience)
        change = f'{{"specversion":"1.0","id":"{id}{before}{between}{after}{end}'
        out.audiences.append((audience, person, at, entered, change.encode()))
        out.counts[count] += 1
        number += 1
