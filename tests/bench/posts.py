"""Posts of shops as their SDKs build them, and a client that sends them over persistent connections."""

import asyncio
import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any, Final

KEY: Final = "bench"
SOURCES: Final = f"- {{name: web, kind: segment, keys: [{KEY}]}}\n"
HEAD: Final = (
    "POST {path} HTTP/1.1\r\nHost: collect.shop.example\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n"
    "Accept: */*\r\nOrigin: https://shop.example\r\nReferer: https://shop.example/\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "{more}Content-Length: {length}\r\n\r\n"
)
PRODUCTS: Final = 500


def messages(visitors: int) -> Iterator[dict[str, Any]]:
    """Yields a shop's traffic: page and product views, some carts, an order in a hundred."""
    for number in itertools.count():
        visitor = number % visitors
        product = {
            "product_id": f"p-{number % PRODUCTS}",
            "name": f"Shirt {number % PRODUCTS}",
            "category": "Clothes",
            "price": 19.9,
            "currency": "EUR",
            "url": f"https://shop.example/products/shirt-{number % PRODUCTS}?utm_source=x",
            "image_url": f"https://cdn.shop.example/{number % PRODUCTS}.jpg",
        }
        name, properties = "Product Viewed", dict(product)
        if number % 10 == 3:
            name, properties = (
                "Product Added",
                {**product, "quantity": 1, "cart_id": f"c-{visitor}"},
            )
        elif number % 100 == 7:
            name, properties = "Order Completed", {"order_id": f"o-{number}", "total": 39.8}
        yield {
            "type": "track",
            "event": name,
            "messageId": f"ajs-next-1796031001000-{number:012d}",
            "anonymousId": f"0b7f2f0c-7f5e-4a8e-9d55-{visitor:012d}",
            "userId": None,
            "timestamp": "2026-11-30T09:29:58.500Z",
            "sentAt": "2026-11-30T09:30:00.000Z",
            "context": {
                "page": {
                    "path": f"/products/shirt-{number % PRODUCTS}",
                    "url": f"https://shop.example/products/shirt-{number % PRODUCTS}",
                    "title": "Shirt",
                    "referrer": "https://shop.example/",
                    "search": "",
                },
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0",
                "locale": "en-GB",
                "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
                "timezone": "Europe/Berlin",
            },
            "integrations": {},
            "properties": properties,
            "writeKey": KEY,
        }


def singles(visitors: int) -> Iterator[bytes]:
    """Yields posts as a browser sends them: text/plain, one message each."""
    for message in messages(visitors):
        yield request("/v1/t", json.dumps(message).encode(), "Content-Type: text/plain\r\n")


def batched(visitors: int, size: int) -> Iterator[bytes]:
    """Yields posts as a server sends them: `size` messages in one, compressed."""
    told = messages(visitors)
    for _ in itertools.count():
        body = json.dumps({"batch": list(itertools.islice(told, size)), "writeKey": KEY}).encode()
        more = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
        yield request("/v1/batch", gzip.compress(body, 1), more)


def request(path: str, body: bytes, more: str) -> bytes:
    """A browser's request. `more`: its other headers, each with its line end."""
    if not body and not more:
        return HEAD.replace("POST", "GET").format(path=path, more="", length=0).encode()
    return HEAD.format(path=path, more=more, length=len(body)).encode() + body


class Line(asyncio.Protocol):
    """One connection; it sends the next request after the answer to the last."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.statuses: dict[bytes, int] = {}
        self.closed = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        status = head[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def send(port: int, requests: Iterator[bytes], lines: int) -> dict[bytes, int]:
    """Sends all requests over `lines` connections; returns the number of answers by status."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Line(requests), "127.0.0.1", port)
        for _ in range(lines)
    ]
    found: dict[bytes, int] = {}
    for _, line in made:
        await line.closed
        for status, count in line.statuses.items():
            found[status] = found.get(status, 0) + count
    return found
