"""/live, /ready and /metrics, on a small server of their own."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Faults = Callable[[], list[str]]
"""What is wrong, a line each; nothing: well."""

Answer = Callable[[web.Request], Awaitable[web.Response]]


async def serve(
    address: tuple[str, int],
    live: Faults,
    ready: Faults,
    metrics: Callable[[], bytes],
    more: Mapping[str, Answer] = MappingProxyType({}),
) -> None:
    """Answers for as long as the process runs; `more`: other paths. Raises OSError when the address is taken."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": METRICS_TYPE})

    site = web.Application()
    site.router.add_get("/live", _told(live))
    site.router.add_get("/ready", _told(ready))
    site.router.add_get("/metrics", page)
    for path, answer in more.items():
        site.router.add_get(path, answer)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, *address).start()


def _told(faults: Faults) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        found = faults()
        return web.Response(text="\n".join(found or ["ok"]) + "\n", status=503 if found else 200)

    return answer
