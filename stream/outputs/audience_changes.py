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
    """A change, as its readers decode it."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Change


_json: Final = msgspec.json.Encoder().encode

_text_of: Final = lru_cache(maxsize=64)(rfc3339)
"""A person often leaves several audiences and enters others at one time."""


@lru_cache(maxsize=4_096)
def _fixed(kind: str, audience: str) -> tuple[bytes, bytes]:
    """The JSON between the id and the subject, and from the content type to the person."""
    source, type, name = _json(f"/audiences/{audience}"), _json(kind), _json(audience)
    return (
        b'","source":%b,"type":%b,"subject":' % (source, type),
        b'","datacontenttype":"application/json","data":{"audience":%b,"person":' % name,
    )


def publish(kind: str, audience: str, person: str, at: int, number: int, out: Outputs) -> None:
    """Adds the record of a change. `number`: number of the person's changes so far, including this one.

    The JSON is put together from text that most changes share, for they are many.
    """
    id = sha256(f"{audience}|{person}|{at}|{number}".encode()).hexdigest()[:32]
    before, between = _fixed(kind, audience)
    subject = _json(person)
    customer = b'"' + subject[len(b'"customer:') :] if person.startswith("customer:") else b"null"
    change = b"".join(
        (
            b'{"specversion":"1.0","id":"',
            id.encode(),
            before,
            subject,
            b',"time":"',
            _text_of(at).encode(),
            between,
            subject,
            b',"customer":',
            customer,
            b',"at":%d}}' % at,
        )
    )
    out.audiences.append((audience, person, at, kind == ENTERED, change))
    out.counts["audiences", "entered" if kind == ENTERED else "left", audience] += 1
