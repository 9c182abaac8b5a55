"""Serves /live, /ready and /metrics on an address of their own."""

import os
from collections.abc import Awaitable, Callable, Mapping
from errno import EADDRINUSE
from types import MappingProxyType
from typing import Final

from aiohttp import web

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Faults = Callable[[], list[str]]
"""The faults, a line each; empty if all is well."""

Answer = Callable[[web.Request], Awaitable[web.Response]]


async def serve(
    address: tuple[str, int],
    live: Faults,
    ready: Faults,
    metrics: Callable[[], bytes],
    more: Mapping[str, Answer] = MappingProxyType({}),
) -> None:
    """Starts to serve the probes, until the process ends. `more`: further paths. Raises OSError if the address is in use."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": METRICS_TYPE})

    site = web.Application()
    site.router.add_get("/live", _faults_page(live))
    site.router.add_get("/ready", _faults_page(ready))
    site.router.add_get("/metrics", page)
    for path, answer in more.items():
        site.router.add_get(path, answer)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, *address).start()
    except OSError as error:
        await runner.cleanup()
        raise OSError(error.errno, _unserved(address, error.errno or 0)) from None


def _unserved(address: tuple[str, int], errno: int) -> str:
    host, port = address
    why = f"/metrics cannot be served at {host}:{port} ({os.strerror(errno)})"
    return f"{why}: give each process on a machine its own address" if errno == EADDRINUSE else why


def _faults_page(faults: Faults) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A page with the faults: status 503 if there are any, else 200."""

    async def answer(request: web.Request) -> web.Response:
        found = faults()
        return web.Response(text="\n".join(found or ["ok"]) + "\n", status=503 if found else 200)

    return answer
