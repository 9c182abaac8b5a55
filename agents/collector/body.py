"""Reads the body of a post, within limits of size and time, and unpacks it."""

import asyncio
from typing import Final, NamedTuple

from aiohttp import web

from agents.collector.denied import denied
from agents.connect.unpacking import Broken, TooLarge, UnknownPacking, unpacked

SLOWEST_S: Final = 10.0
"""Seconds within which the body of a post must arrive."""


class Limits(NamedTuple):
    """Largest body in bytes, packed and unpacked."""

    packed: int
    unpacked: int


async def raw_body(request: web.BaseRequest, limits: Limits) -> bytes:
    """The body as it came: signatures are made of these bytes. Raises Denied.

    The application's runner must leave bodies packed (`auto_decompress=False`).
    """
    content = request.content
    if content.is_eof() and content.exception() is None:
        body = content.read_nowait()
        _check(body, limits)
        return body
    read = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_S):
            async for chunk in content.iter_any():
                read += chunk
                _check(read, limits)
    except TimeoutError:
        raise denied(408, f"expected the body within {SLOWEST_S:.0f} s, got a part of it") from None
    return bytes(read)


def _check(body: bytes | bytearray, limits: Limits) -> None:
    """Raises Denied for a body that is too long."""
    if len(body) > limits.packed:
        raise denied(413, f"expected up to {limits.packed} bytes, got more")


def plain_body(request: web.BaseRequest, body: bytes, limits: Limits) -> bytes:
    """The unpacked body. Raises Denied."""
    encoding = request.headers.get("Content-Encoding", "")
    try:
        return unpacked(body, encoding, limits.unpacked)
    except UnknownPacking:
        raise denied(415, "expected gzip, deflate or no Content-Encoding, got another") from None
    except Broken:
        raise denied(
            400, "expected a body packed as Content-Encoding says, got one that cannot be unpacked"
        ) from None
    except TooLarge:
        raise denied(413, f"expected up to {limits.unpacked} bytes unpacked, got more") from None
