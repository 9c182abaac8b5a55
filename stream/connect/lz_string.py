"""Unpacks LZ-string in base64, the packing `lz64` of PostHog's old browser libraries. Pure.

Source: docs/connect.md, 1.6. A dictionary of texts grows as the bits are read; the lowest bit of a number comes first.
"""

from collections.abc import Iterator
from typing import Final

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SIX: Final = {ord(letter): f"{number:06b}" for number, letter in enumerate(LETTERS)}
BYTE, PAIR, END = 0, 1, 2
"""The first three entries: a character of 8 bits follows, one of 16 bits, or nothing more."""


class NotPacked(Exception):
    """The text is not LZ-string, or its content is too long."""


def unpacked(packed: str, largest: int) -> str:
    """The unpacked text. Raises NotPacked if it is not packed text, or longer than `largest` characters."""
    try:
        halves = "".join(_texts(_Bits(packed.rstrip("=")), largest))
    except ValueError:
        raise NotPacked from None
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Bits:
    """A stream of bits, six for each letter. Any other character makes `number` raise."""

    def __init__(self, packed: str) -> None:
        self._bits, self._at = packed.translate(SIX), 0

    def number(self, width: int) -> int:
        """The next number of `width` bits. Raises ValueError if there is none."""
        start, self._at = self._at, self._at + width
        if self._at > len(self._bits):
            raise ValueError
        return int(self._bits[start : self._at][::-1], 2)


def _texts(bits: _Bits, largest: int) -> Iterator[str]:
    """The parts of the text. Each part and the first letter of the next make a new entry."""
    known: list[str] = ["", "", ""]
    last = ""
    done = 0
    width, left = 2, 1
    while True:
        code = bits.number(width)
        if code == END:
            return
        if code in (BYTE, PAIR):
            known.append(chr(bits.number(8 if code == BYTE else 16)))
            code = len(known) - 1
            left -= 1
            if not left:
                left, width = 2**width, width + 1
        part = known[code] if code < len(known) else _next(last, code, known)
        done += len(part)
        if done > largest:
            raise NotPacked
        yield part
        if last:
            known.append(last + part[0])
            left -= 1
            if not left:
                left, width = 2**width, width + 1
        last = part


def _next(last: str, code: int, known: list[str]) -> str:
    """The entry that the last part is about to make."""
    if code != len(known) or not last:
        raise NotPacked
    return last + last[0]
