"""Packs states whose last field is rarely set. A None in it is not written, and is read back as None."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

S = TypeVar("S")

_encode = msgspec.msgpack.Encoder().encode


def packer(kind: type[S]) -> Callable[[S], bytes]:
    """The packer of a type of states with 17 fields or more."""
    fields: tuple[str, ...] = kind.__struct_fields__  # type: ignore[attr-defined]
    head, last = _encode([None] * (len(fields) - 1))[:3], fields[-1]

    def pack(state: Any) -> bytes:
        packed = _encode(state)
        return packed if getattr(state, last) is not None else head + packed[3:-1]

    return pack
