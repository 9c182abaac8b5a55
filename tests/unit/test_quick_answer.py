"""An answer written at once has the bytes of a `web.Response`, for every request and status."""

import asyncio
import re

import pytest
from aiohttp import web

from agents.collector.quick_answer import QuickAnswer, answer_of

HEADERS = {"Cache-Control": "no-store", "Content-Type": "application/json"}


async def heard(request: bytes, answer: web.StreamResponse) -> bytes:
    """The bytes of an answer, which comes in one piece."""

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return answer

    runner = web.ServerRunner(web.Server(handler, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(request)
        async with asyncio.timeout(5):
            found = await reader.read(65_536)
        writer.close()
    finally:
        await runner.cleanup()
    return re.sub(rb"Date: [^\r]+", b"Date: now", found)


@pytest.mark.parametrize("status", [200, 202, 204, 400, 404, 429, 503])
@pytest.mark.parametrize("body", [b"", b'{"success": true}'])
@pytest.mark.parametrize(
    "head",
    [
        "POST / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nConnection: close\r\n",
        "POST / HTTP/1.0\r\n",
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\n",
        "HEAD / HTTP/1.1\r\n",
    ],
)
def test_its_bytes_are_those_of_aiohttps_own_answer(head: str, body: bytes, status: int) -> None:
    body = b"" if status == 204 else body
    request = f"{head}Host: shop.example\r\nContent-Length: 0\r\n\r\n".encode()

    async def both() -> tuple[bytes, bytes]:
        usual = web.Response(status=status, headers=HEADERS, body=body or None)
        quick = QuickAnswer(status, dict(HEADERS), body)
        return await heard(request, usual), await heard(request, quick)

    usual, quick = asyncio.run(both())
    assert usual.startswith(b"HTTP/1.")
    assert quick == usual


def test_a_header_that_is_no_text_is_left_to_aiohttp() -> None:
    request = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    answer = QuickAnswer(200, {"Access-Control-Allow-Origin": "https://\udcff.example"}, b"{}")
    found = asyncio.run(heard(request, answer))
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found.endswith(b"\r\n\r\n{}")


def test_a_status_that_leaves_the_body_unread_closes_the_connection() -> None:
    request = b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n"
    found = asyncio.run(heard(request, answer_of(413, {}, b"{}")))
    assert b"\r\nConnection: close\r\n" in found
