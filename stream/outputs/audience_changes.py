"""Audience changes (entered, left) as CloudEvents 1.0 in structured JSON.

Source: docs/semantics-life.md, 13.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.outputs.triggers import rfc3339

ENTERED: Final = "storefront.audience.entered.v1"
LEFT: Final = "storefront.audience.left.v1"


class Change(Struct):
    audience: str
    person: str
    customer: str | None
    at: int


class ChangeEvent(Struct):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Change


_encode: Final = msgspec.json.Encoder().encode


_text_of: Final = lru_cache(maxsize=64)(rfc3339)
"""A person often leaves several audiences and enters others at one time."""


def publish(kind: str, audience: str, person: str, at: int, number: int, out: Outputs) -> None:
    """Adds the record of a change. `number`: number of the person's changes so far, including this one."""
    id = sha256(f"{audience}|{person}|{at}|{number}".encode()).hexdigest()[:32]
    customer = person.removeprefix("customer:") if person.startswith("customer:") else None
    event = ChangeEvent(
        "1.0",
        id,
        f"/audiences/{audience}",
        kind,
        person,
        _text_of(at),
        "application/json",
        Change(audience, person, customer, at),
    )
    out.audiences.append((audience, person, at, kind == ENTERED, _encode(event)))
    out.counts["audiences", "entered" if kind == ENTERED else "left", audience] += 1
