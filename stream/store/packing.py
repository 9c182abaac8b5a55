"""Packs persons. Persons are kept for a year, so inactive ones are compressed.

Source: docs/semantics-life.md, 12. The bytes of a person with a life record or an open life episode begin with a head.
From it a restore counts members and open episodes without decoding the state. A state above 400 bytes is deflated while
no episode is open, no visitor is active and no audience may change within two days of its last fact, because it may rest
for long. Other states are soon written again, so they are not.
"""

import struct
import zlib
from typing import Final, NamedTuple

import msgspec

from stream.durations import DAY
from stream.state.cart import NEVER
from stream.state.person import Person
from stream.store.changelog import FORMAT, HEADER
from stream.store.last_field import packer

LIVES: Final = 0xC1
"""The first byte of a state with a head. No other state begins with it."""
SMALL: Final = 350
"""States of at most this many bytes are not deflated. With head and key times such a state has at most 400 bytes."""
SOON: Final = 2 * DAY
"""A state is not deflated if an audience may change this soon (ms) after its last fact. Then it is packed again, and
deflating takes as long as applying two facts. Longer: more memory. Shorter: shoppers are deflated after each visit."""

_HEAD: Final = struct.Struct(">BBBH")
"""LIVES, whether it is deflated, open episodes (255: that many or more), bytes of its audiences' names."""
_WINDOW: Final = -11
"""Raw deflate, 2 KiB: more than the state of a customer, and quick to set up."""
_COMMON: Final = (
    b"\x9a\xa11\xa0\xcb?\xf0\x00\x00\x00\x00\x00\x00\xa4Shop\xa8category\xcb@$\x00\x00\x00\x00"
    b"\x00\x00\xd9!https://www.example.com/products/\xd9#https://cdn.example.com/images/.jpg"
    b"\xa3EUR\xc2\x95\xa11\xcf\x00\x00\x01\x9c\xaekf\x00\xcb?\xf0\x00\x00\x00\x00\x00\x00\xff"
    b"\x00\x95\xa11\xcf\x00\x00\x01\x9c\xaekf\x00\xcb@\x00\x00\x00\x00\x00\x00\x00\xff\x00\x94"
    b"\x94\xcf\x00\x00\x01\x9c\xaekf\x00\xa7welcome\xa7welcome\xcf\x00\x00\x01\x9c\xaekf\x00"
    b"\x94\xcf\x00\x00\x01\x9c\xaekf\x00\xadpost-purchase\xa11\xcf\x00\x00\x01\x9c\xaekf\x00"
    b"\x94\xcf\x00\x00\x01\x9c\xaekf\x00\xadreplenishment\xa11\xcf\x00\x00\x01\x9c\xaekf\x00"
    b"\x94\xcf\x00\x00\x01\x9c\xaekf\x00\xb2browse-abandonment\xa11\xcf\x00\x00\x01\x9c\xaekf"
    b"\x00\xdc\x00\x18\xb0cart-abandonment\xb0cart-abandonment\xa11\xcf\x00\x00\x01\x9c\xaekf"
    b"\x00\xcf\x00\x00\x01\x9c\xaekf\x00\xa11\xcf\x00\x00\x01\x9c\xaekf\x00\xa0\xc2\x02\xff\x01"
    b"\x01\xff\xc0\xc0\xc0\x90\x90\xa11\x90\xc0\xc0\xc0\xdc\x00\x18\xb2browse-abandonment\xb2br"
    b"owse-abandonment\xa11\xcf\x00\x00\x01\x9c\xaekf\x00\xcf\x00\x00\x01\x9c\xaekf\x00\xa11"
    b"\xcf\x00\x00\x01\x9c\xaekf\x00\xa0\xc2\x02\xff\x01\x01\xff\xc0\xc0\xc0\x90\x90\xa0\x90"
    b"\xc0\xc0\xc0\x94\xa5email\xa3sms\xa4push\xa9messenger\x81\xa5email\xc3\x92\x97\xa11\xcf"
    b"\x00\x00\x01\x9c\xaekf\x00\xc2\xc0\xcb@3\xe6fffff\xff\x0e\x97\xa12\xcf\x00\x00\x01\x9c"
    b"\xaekf\x00\xc2\xc0\xcb@3\xe6fffff\xff\x0e\xdc\x00\x17\xaacustomer\xdc\x00\x17\xaacustomer"
    b":1\xff\x00\xff\xa0\xff\x80\x80\x90\x90\x90\x91\xa5email\x81\xa5email\xc3\xc0\x00\xcb\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\xff\x90\x90\x80\xc2\xff\x98\x90\x90\x80\x80\x00\xff\x80\xcb"
    b"\x00\x00\x00\x00\x00\x00\x00\x00"
)
"""Texts that every packed customer contains (the deflate dictionary). Never change it, or written states become
unreadable."""
_encode: Final = packer(Person)
_decode: Final = msgspec.msgpack.Decoder(Person).decode


class Head(NamedTuple):
    """The head of a packed person. `audiences`: names, one a line."""

    open: int
    audiences: bytes


def encode(person: Person) -> bytes:
    packed, life = _encode(person), person.life
    if life is None and not _is_in_life_episode(person):
        return packed
    opened = min(len(person.open_episodes()), 255)
    names = b"" if life is None else "\n".join(life.audiences).encode()
    rests = len(packed) > SMALL and not opened and not _changes_soon(person)
    if rests:
        deflate = zlib.compressobj(4, zlib.DEFLATED, _WINDOW, 4, 0, _COMMON + names)
        packed = deflate.compress(packed) + deflate.flush()
    return _HEAD.pack(LIVES, rests, opened, len(names)) + names + packed


def _is_in_life_episode(person: Person) -> bool:
    """Whether a life episode is open. It may wait for a delivery until after the person is forgotten, so the deadline in
    the header does not show it."""
    for each in person.episodes:  # noqa: SIM110 - at every packing, and any() is a generator
        if each.open and each.course is not None:
            return True
    return False


def _changes_soon(person: Person) -> bool:
    """Whether a visitor is active, or an audience of the person may change soon by itself."""
    bound = NEVER if person.life is None else person.life.bound
    return NEVER < bound <= person.applied + SOON or person.is_active


def decode(packed: memoryview) -> Person:
    return _decode(plain(packed))


def plain(packed: memoryview) -> memoryview | bytes:
    """The MessagePack of a packed person, without its head and inflated."""
    if packed[0] != LIVES:
        return packed
    _, deflated, _, length = _HEAD.unpack_from(packed)
    body = packed[_HEAD.size + length :]
    if not deflated:
        return body
    inflate = zlib.decompressobj(_WINDOW, _COMMON + bytes(packed[_HEAD.size : _HEAD.size + length]))
    return inflate.decompress(body) + inflate.flush()


def plain_record(value: bytes | None) -> bytes | None:
    """A record of the changelog with its state in plain form, so that a search of its bytes finds names."""
    if value is None or len(value) <= HEADER.size or value[0] != FORMAT:
        return value
    return value[: HEADER.size] + plain(memoryview(value)[HEADER.size :])


def head(value: bytes, start: int) -> Head | None:
    """The head of a packed state that begins at `start`. None if it has none."""
    if value[start] != LIVES:
        return None
    _, _, opened, length = _HEAD.unpack_from(value, start)
    names = start + _HEAD.size
    return Head(opened, value[names : names + length])
