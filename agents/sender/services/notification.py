"""What a messaging service gets of a trigger or its cancel: a name, a person, a time and properties.

The evidence ids and the guards are left out: they explain the decision to the shop, and a message has no use for
them. Source: docs/semantics.md, 8; docs/senders.md.
"""

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from agents.sender.message import Message
from stream.outputs.triggers import rfc3339

CHANNELS: Final = ("email", "sms", "push", "messenger", "onsite")
"""Each is also a property of its own, for services whose filters cannot look into a list."""

INTERNAL: Final = ("why", "evidence", "version")

Sort = Literal["customer", "email", "phone", "visitor"]


class Recipient(NamedTuple):
    """`customer:4711`: sort and id. Of an e-mail or a phone the id is the keyed hash, never the address."""

    sort: str
    id: str

    @property
    def name(self) -> str:
        return f"{self.sort}:{self.id}"


class Notification(NamedTuple):
    """`id`: the same at every try. `event`: the recipe, of a cancel `<recipe> cancelled`. `time`: ms."""

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
    """Of a message that `message.read` took. `most`: bytes that the properties may have as JSON."""
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
    """Times as ISO 8601, which every service reads; a channel also as a property of its own."""
    found = {name: value for name, value in data.items() if name not in INTERNAL}
    for name in ("not_before", "valid_until", "at"):
        if name in found:
            found[name] = rfc3339(found[name])
    if "channels" in found:
        found |= {f"channel_{name}": name in found["channels"] for name in CHANNELS}
    return found


def shortened(properties: dict[str, Any], most: int) -> dict[str, Any]:
    """The last lines of a cart or an order, and the last of `also`, are left out until the properties fit;
    `items_left_out` and `also_left_out` say how many."""
    for name in ("cart", "order"):
        whole = properties.get(name)
        if whole and len(_size(properties)) > most:
            bare = properties | {name: whole | {"items": [], "items_left_out": 10**6}}
            items = _that_fit(whole["items"], most - len(_size(bare)))
            left_out = len(whole["items"]) - len(items)
            properties = properties | {name: whole | {"items": items, "items_left_out": left_out}}
    also = properties.get("also")
    if also and len(_size(properties)) > most:
        bare = properties | {"also": [], "also_left_out": 10**6}
        kept = _that_fit(also, most - len(_size(bare)))
        properties = properties | {"also": kept, "also_left_out": len(also) - len(kept)}
    return properties


def _that_fit(items: list[Any], room: int) -> list[Any]:
    """The first of them, `room` bytes as JSON at most."""
    kept = 0
    for item in items:
        room -= len(_size(item)) + 1
        if room < 0:
            break
        kept += 1
    return items[:kept]
