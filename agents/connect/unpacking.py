"""Unpacks the bodies of requests. Pure.

Some senders pack a body without a header: PostHog's browser library sends gzip as text/plain, RudderStack's node library
as a form. So the first bytes decide, and the header only if they are not those of gzip. Source: docs/connect.md, 1.
"""

import zlib
from typing import Final

GZIP: Final = b"\x1f\x8b"
PLAIN: Final = frozenset({"", "identity", "gzip", "x-gzip", "gzip-js"})
DEFLATE: Final = "deflate"
EITHER: Final = 32 + zlib.MAX_WBITS
"""A window size with which zlib accepts both gzip and its own format."""


class UnknownPacking(Exception):
    """The Content-Encoding is unknown."""


class Broken(Exception):
    """The body cannot be unpacked."""


class TooLarge(Exception):
    """The unpacked body exceeds the limit."""


def unpacked(body: bytes, encoding: str, largest: int) -> bytes:
    """The unpacked body. `encoding`: the header Content-Encoding · `largest`: bytes. Raises UnknownPacking, Broken, TooLarge."""
    named = encoding.strip().lower()
    if body.startswith(GZIP):
        return _inflated(body, EITHER, largest)
    if named == DEFLATE:
        zlib_header = body[:1] == b"\x78"
        return _inflated(body, EITHER if zlib_header else -zlib.MAX_WBITS, largest)
    if named not in PLAIN:
        raise UnknownPacking
    if len(body) > largest:
        raise TooLarge
    return body


def _inflated(body: bytes, window: int, largest: int) -> bytes:
    """Unpacks at most `largest` bytes and one, whatever the size of the whole."""
    unpacker = zlib.decompressobj(window)
    try:
        found = unpacker.decompress(body, largest + 1)
    except zlib.error:
        raise Broken from None
    if len(found) > largest:
        raise TooLarge
    if not unpacker.eof:
        raise Broken
    return found
