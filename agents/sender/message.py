"""A record of a trigger topic. The sender reads only its ids and times.

The value goes to the endpoint byte for byte.
"""

from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from stream.outputs.triggers import CANCELLED, FIRED

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""The form of an id. It becomes an HTTP header, so nothing else is allowed."""

Time = Annotated[int, Meta(ge=0, le=10**15)]


class _Fired(Struct):
    trigger_id: Id
    not_before: Time
    valid_until: Time


class _Cancelled(Struct):
    trigger_id: Id
    at: Time


class _Envelope(Struct):
    type: str
    data: msgspec.Raw


class NotATrigger(Exception):
    """The record is not a trigger or a cancel of a worker."""


class Message(NamedTuple):
    """A message. Times are in ms.

    `id`: the webhook-id · `at`: when it may be sent; of a cancel: when it was decided · `until`: when it expires;
    None for a cancel, which expires with its trigger.
    """

    id: str
    trigger_id: str
    at: int
    until: int | None
    body: bytes

    @property
    def cancels(self) -> bool:
        return self.until is None


_envelope: Final = msgspec.json.Decoder(_Envelope)
_fired: Final = msgspec.json.Decoder(_Fired)
_cancelled: Final = msgspec.json.Decoder(_Cancelled)


def read(value: bytes | None) -> Message:
    """Reads a record. Raises NotATrigger."""
    body = value or b""
    try:
        envelope = _envelope.decode(body)
        if envelope.type == FIRED:
            fired = _fired.decode(envelope.data)
            id = fired.trigger_id
            return Message(id, id, fired.not_before, fired.valid_until, body)
        if envelope.type == CANCELLED:
            cancelled = _cancelled.decode(envelope.data)
            id = cancelled.trigger_id
            return Message(f"{id}/cancelled", id, cancelled.at, None, body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise NotATrigger
