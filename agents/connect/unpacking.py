"""Unpacks the bodies of requests. Pure.

Some senders pack without saying so: PostHog's browser library sends gzip as text/plain, RudderStack's for node as a form.
So the first bytes decide; a header decides only where they say nothing. Source: docs/connect.md, 1.
"""

import zlib
from typing import Final

GZIP: Final = b"\x1f\x8b"
PLAIN: Final = frozenset({"", "identity", "gzip", "x-gzip", "gzip-js"})
DEFLATE: Final = "deflate"
EITHER: Final = 32 + zlib.MAX_WBITS
"""zlib finds out by itself whether it is gzip or its own format."""


class UnknownPacking(Exception):
    """It is packed in an unknown way."""


class Broken(Exception):
    """It says that it is packed, and cannot be unpacked."""


class TooLarge(Exception):
    """It unpacks to more than is allowed."""


def unpacked(body: bytes, encoding: str, largest: int) -> bytes:
    """`encoding`: what the header Content-Encoding says. Raises UnknownPacking, Broken, TooLarge."""
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
    """Unpacks at most as much as is allowed, however large the body would become."""
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
