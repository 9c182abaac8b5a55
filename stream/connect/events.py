"""Whose an event is, and the event made of it."""

from typing import Any

from msgspec import Struct

from stream.connect.translation import compact


class Who(Struct, frozen=True, kw_only=True):
    """What an event of a source says of its owner, and when it happened."""

    visitor: str | None = None
    customer: str | None = None
    keys: dict[str, str] = {}
    client_time: int | None = None


def event(type: str, id: str, who: Who, **body: Any) -> dict[str, Any]:
    """One of our events; what is None is not in it."""
    return compact(
        id=id,
        type=type,
        visitor=who.visitor,
        customer=who.customer,
        keys=who.keys,
        client_time=who.client_time,
        **body,
    )
