"""The notification of a trigger or a cancel for a messaging service: a name, a person, a time and properties.

It leaves out the evidence ids and the guards, which explain the decision and are of no use in a message. Source:
docs/semantics.md, 8; docs/senders.md.
"""

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from agents.sender.message import Message
from stream.outputs.triggers import rfc3339

CHANNELS: Final = ("email", "sms", "push", "messenger", "onsite")
"""Channels. Each also gets a property of its own, for services whose filters cannot search a list."""

INTERNAL: Final = ("why", "evidence", "version")

Sort = Literal["customer", "email", "phone", "visitor"]


class Recipient(NamedTuple):
    """A person. `customer:4711` has the sort `customer` and the id `4711`. The id of an e-mail or phone is its keyed hash."""

    sort: str
    id: str

    @property
    def name(self) -> str:
        return f"{self.sort}:{self.id}"


class Notification(NamedTuple):
    """A notification. `id`: the same in every attempt · `event`: the recipe, or `<recipe> cancelled` for a cancel ·
    `time`: ms."""

    id: str
    event: str
    person: Recipient
    time: int
    properties: dict[str, Any]


class _Event(Struct):
    time: datetime
    data: dict[str, Any]


_event: Final = msgspec.json.Decoder(_Event)
_size: Final = msgspec.json.encode


def notification(message: Message, most: int) -> Notification:
    """The notification of a message. `most`: largest size of the properties as JSON, in bytes."""
    event = _event.decode(message.body)
    data = event.data
    recipe, person = data["recipe"], data["person"]
    sort, _, id = person.partition(":")
    name = f"{recipe} cancelled" if message.cancels else recipe
    time = round(event.time.timestamp() * 1000)
    return Notification(
        message.id, name, Recipient(sort, id), time, shortened(_properties(data), most)
    )


def _properties(data: dict[str, Any]) -> dict[str, Any]:
    """The properties, with times in ISO 8601, which every service reads, and a property for each channel."""
    properties = {name: value for name, value in data.items() if name not in INTERNAL}
    for name in ("not_before", "valid_until", "at"):
        if name in properties:
            properties[name] = rfc3339(properties[name])
    if "channels" in properties:
        properties |= {f"channel_{name}": name in properties["channels"] for name in CHANNELS}
    return properties


def shortened(properties: dict[str, Any], most: int) -> dict[str, Any]:
    """The properties, cut to `most` bytes of JSON.

    It leaves out the last lines of a cart or an order, then the last of `also`. `items_left_out` and `also_left_out` say
    how many.
    """
    for name in ("cart", "order"):
        whole = properties.get(name)
        if whole and len(_size(properties)) > most:
            lines = whole["items"]
            bare = properties | {name: whole | {"items": [], "items_left_out": len(lines)}}
            items = _that_fit(lines, most - len(_size(bare)))
            left_out = len(lines) - len(items)
            properties = properties | {name: whole | {"items": items, "items_left_out": left_out}}
    also = properties.get("also")
    if also and len(_size(properties)) > most:
        bare = properties | {"also": [], "also_left_out": len(also)}
        kept = _that_fit(also, most - len(_size(bare)))
        properties = properties | {"also": kept, "also_left_out": len(also) - len(kept)}
    return properties


def _that_fit(items: list[Any], room: int) -> list[Any]:
    """The first items that fit into `room` bytes as JSON."""
    kept = 0
    for item in items:
        room -= len(_size(item)) + bool(kept)  # a comma before all but the first
        if room < 0:
            break
        kept += 1
    return items[:kept]
