"""A webhook's endpoint that fails, stalls, disconnects, sends Retry-After and restarts: a real HTTP server."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from agents.local import ports


@dataclass
class Reply:
    """`stall`: seconds before the answer; `cut`: the connection breaks instead of it. `text`: its body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: float = 0.0
    cut: bool = False
    text: str = ""


@dataclass
class Seen:
    """A request. `at`, `answered`: when it came and was answered (s); `status` 0: it got no answer."""

    id: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    answered: float = 0.0
    status: int = 0
    path: str = ""


def well(seen: Seen) -> Reply:
    return Reply()


class Endpoint:
    """A server. `behave`: the reply to each request. It keeps its port over a restart."""

    def __init__(self) -> None:
        self.port = ports.free(1)[0]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.behave: Callable[[Seen], Reply] = well
        self.seen: list[Seen] = []
        self.most = self._now = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner: web.AppRunner | None = None

    def start(self) -> None:
        self._do(self._start())

    def stop(self) -> None:
        """Breaks all connections and stops listening."""
        self._do(self._stop())

    def close(self) -> None:
        self.stop()
        self._do(self._end_answers())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ids(self, *statuses: int) -> list[str]:
        """The webhook ids of the requests with these statuses, in the order of the answers."""
        found = sorted(
            (s for s in list(self.seen) if s.status in statuses), key=lambda s: s.answered
        )
        return [each.id for each in found]

    @property
    def delivered(self) -> Counter[str]:
        return Counter(self.ids(200))

    def has_delivered(self, number: int) -> bool:
        """Whether this many messages were accepted."""
        return len(self.delivered) >= number

    def wait(self, until: Callable[[], bool], within: float = 90.0) -> None:
        limit = time.monotonic() + within
        while not until():
            assert time.monotonic() < limit, f"not in time; {Counter(s.status for s in self.seen)}"
            time.sleep(0.02)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self) -> None:
        site = web.Application()
        site.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def _stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _end_answers(self) -> None:
        """Ends what still answers, after a stall for a client that has gone."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        id = request.headers.get("webhook-id", "")
        seen = Seen(id, request.headers.copy(), body, time.monotonic(), path=request.raw_path)
        self.seen.append(seen)
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            reply = self.behave(seen)
            if reply.stall:
                await asyncio.sleep(reply.stall)
            if reply.cut and request.transport:
                request.transport.abort()
            heard = request.transport is not None and not request.transport.is_closing()
            seen.answered, seen.status = time.monotonic(), reply.status if heard else 0
            return web.Response(status=reply.status, headers=reply.headers, text=reply.text)
        finally:
            self._now -= 1
