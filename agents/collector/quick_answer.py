"""An answer whose bytes are written at once, for requests of HTTP/1.1 on a connection that stays open.

`web.Response` takes longer to write its headers than aiohttp takes to read a request. Both write the same bytes.
"""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.http import SERVER_SOFTWARE

from agents.collector.denied import UNREAD

REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


def answer_of(status: int, headers: dict[str, str], body: bytes) -> web.StreamResponse:
    """The answer to a request. It closes the connection if the rest of the request is not read."""
    if status not in UNREAD:
        return QuickAnswer(status, headers, body)
    response = web.Response(status=status, body=body or None, headers=headers)
    response.force_close()
    return response


class QuickAnswer(web.StreamResponse):
    """An answer. `headers`: its own, without those that every answer has.

    For any other request, such as one of HTTP/1.0, it leaves the work to a `web.Response`. It sets no field that neither
    aiohttp's server nor `set_status` needs.
    """

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._status = status
        self._headers = headers  # type: ignore[assignment]
        self._bytes = body
        self._usual: web.Response | None = None

    @property
    def keep_alive(self) -> bool | None:
        return True if self._usual is None else self._usual.keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Writes the answer. Raises ConnectionResetError if the client has gone."""
        written = self._written() if _is_ordinary(request) else None
        if written is None:
            body = self._bytes or None
            self._usual = web.Response(status=self._status, headers=self._headers, body=body)
            await self._usual.prepare(request)
            return
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(written)

    async def write_eof(self, data: bytes = b"") -> None:
        if self._usual is not None:
            await self._usual.write_eof(data)

    def _written(self) -> bytes | None:
        """The bytes of the answer; None if a header is no text."""
        status, length = self._status, ""
        if status != HTTPStatus.NO_CONTENT:
            length = f"Content-Length: {len(self._bytes)}\r\n"
        own = "".join([f"{name}: {value}\r\n" for name, value in self._headers.items()])
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\n{own}{length}{_last(int(time.time()))}"
        try:
            return head.encode() + self._bytes
        except UnicodeEncodeError:
            return None


def _is_ordinary(request: web.BaseRequest) -> bool:
    return request.version == HttpVersion11 and request.keep_alive and request.method != "HEAD"


@lru_cache(1)
def _last(second: int) -> str:
    """The headers that aiohttp adds to every answer, and the empty line."""
    return f"Date: {formatdate(second, usegmt=True)}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
