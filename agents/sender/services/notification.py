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
    """The last lines of a cart are left out until the properties fit; `items_left_out` says how many."""
    if len(_size(properties)) <= most or not properties.get("cart"):
        return properties
    cart = dict(properties["cart"])
    items = cart["items"]
    sizes = [len(_size(item)) + 1 for item in items]
    room = most - len(_size(properties | {"cart": cart | {"items": [], "items_left_out": 10**6}}))
    kept = 0
    for size in sizes:
        room -= size
        if room < 0:
            break
        kept += 1
    cart |= {"items": items[:kept], "items_left_out": len(items) - kept}
    return properties | {"cart": cart}
