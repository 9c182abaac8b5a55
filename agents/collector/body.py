"""The body of a post: read within its limits and its time, and unpacked."""

import asyncio
from typing import Final, NamedTuple

from aiohttp import web

from agents.collector.denied import denied
from agents.connect.unpacking import Broken, TooLarge, UnknownPacking, unpacked

SLOWEST_S: Final = 10.0
"""For the body of a post to come."""


class Limits(NamedTuple):
    """Bytes, as they come and when they are unpacked."""

    packed: int
    unpacked: int


async def raw_body(request: web.Request, limits: Limits) -> bytes:
    """As it came, which is what a signature is over. Raises Denied.

    The application's runner must leave bodies packed (`auto_decompress=False`).
    """
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limits.packed:
                    raise denied(413, f"expected up to {limits.packed} bytes, got more")
    except TimeoutError:
        raise denied(408, f"expected the body within {SLOWEST_S:.0f} s, got a part of it") from None
    return bytes(body)


def plain_body(request: web.Request, body: bytes, limits: Limits) -> bytes:
    """The body unpacked. Raises Denied."""
    encoding = request.headers.get("Content-Encoding", "")
    try:
        return unpacked(body, encoding, limits.unpacked)
    except UnknownPacking:
        raise denied(
            415, "expected gzip, deflate or nothing packed, got another encoding"
        ) from None
    except Broken:
        raise denied(
            400, "expected what Content-Encoding says, got what cannot be unpacked"
        ) from None
    except TooLarge:
        raise denied(413, f"expected up to {limits.unpacked} bytes unpacked, got more") from None
