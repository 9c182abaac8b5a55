"""The collector's site without a broker: which handler answers a path, and requests that wait for leave to go on."""

import asyncio

import pytest

from agents.faces.site import make_site, serving
from tests.fake_broker import SETTINGS


def heard(request: str, more: str = "") -> str:
    """What the site answers. `more`: sent once the first bytes of the answer are there."""

    async def run() -> str:
        async with serving(make_site(SETTINGS, ()), "127.0.0.1", 0) as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.encode())
            async with asyncio.timeout(5):
                found = await reader.read(65_536)
                if more:
                    writer.write(more.encode())
                    found += await reader.read(65_536)
            writer.close()
            return found.decode()

    return asyncio.run(run())


def line(method: str, target: str, *headers: str) -> str:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *headers, "", ""])


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (("GET", "/live"), 200),
        (("HEAD", "/live"), 200),
        (("GET", "http://shop.example/live"), 200),
        (("GET", "/ready"), 503),
        (("PUT", "/live"), 404),
        (("GET", "/live/"), 404),
        (("GET", "/collect"), 404),
        (("OPTIONS", "/collect"), 204),
        (("OPTIONS", "/v1/t"), 204),
        (("OPTIONS", "*"), 404),
        (("GET", "/v1/t"), 405),
        (("POST", "/v1/t"), 404),
        (("POST", "/collect"), 400),
    ],
)
def test_a_path_has_its_handler(request_line: tuple[str, str], status: int) -> None:
    assert heard(line(*request_line)).startswith(f"HTTP/1.1 {status} ")


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it() -> None:
    headers = "Expect: 100-continue", "Content-Type: text/plain", "Content-Length: 2"
    found = heard(line("POST", "/collect", *headers), "{}")
    assert found.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")


def test_a_client_that_expects_something_unknown_is_told_so() -> None:
    found = heard(line("POST", "/collect", "Expect: wonders", "Content-Length: 0"))
    assert found.startswith("HTTP/1.1 417 ")
    assert found.endswith("Unknown Expect: wonders")
