"""/live, /ready and /metrics. Alive means progress; ready means restored, caught up and with a broker.

A worker is not alive when the broker answers and there is input that it does not move on with: it is
deaf, and to start it again helps. While no broker answers nothing can be said against it.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from faust.types import TP

from agents.evidence import Evidence
from agents.metrics import Metrics
from agents.ownership import Ownership
from agents.settings import Settings
from agents.shard import Shard

STILL_S: Final = 60.0
"""Behind and without a step for so long: deaf. Shorter: a long pause of the machine is called death."""

FRESH_S: Final = 10.0
"""Age of what the broker said last of the ends, up to which it counts as answering."""

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Looked at whenever somebody asks; it runs nothing of its own."""

    def __init__(self) -> None:
        self._ownership: Ownership | None = None
        self._evidence: Evidence | None = None
        self._stands: dict[TP, tuple[int, float]] = {}

    def look_at(self, ownership: Ownership, evidence: Evidence) -> None:
        """The topics are right; from now on there is something to tell of."""
        self._ownership, self._evidence = ownership, evidence

    @property
    def shards(self) -> list[Shard]:
        """Of the partitions that are this worker's now."""
        return self._ownership.owned() if self._ownership else []

    @property
    def _answering(self) -> bool:
        return self._evidence is not None and time.monotonic() - self._evidence.asked < FRESH_S

    def unready(self) -> list[str]:
        """What is missing for readiness."""
        found = []
        if self._ownership is None or not self._ownership.flowing:
            found.append("no assignment yet, or a rebalance or a restore is under way")
        if not all(shard.caught_up for shard in self.shards):
            found.append("catching up with the input")
        if not self._answering:
            found.append("no broker answers")
        return found

    def deaf(self) -> list[str]:
        """Partitions that have input and have not moved on with it for long."""
        now, shards = time.monotonic(), self.shards
        self._stands = {
            shard.tp: self._stands[shard.tp]
            if self._stands.get(shard.tp, (-1, 0.0))[0] == shard.position
            else (shard.position, now)
            for shard in shards
        }
        return [
            f"{shard.tp.topic} {shard.tp.partition} stands at {shard.position} of {shard.end}"
            for shard in shards
            if self._answering
            and shard.position < shard.end
            and now - self._stands[shard.tp][1] > STILL_S
        ]


async def serve(settings: Settings, health: Health, metrics: Metrics) -> None:
    """Answers for as long as the process runs. Raises OSError when the address is taken."""

    async def page(request: web.Request) -> web.Response:
        metrics.look(health.shards)
        return web.Response(body=metrics.text(), headers={"Content-Type": METRICS_TYPE})

    if settings.metrics is None:
        return
    site = web.Application()
    site.router.add_get("/live", _told(health.deaf))
    site.router.add_get("/ready", _told(health.unready))
    site.router.add_get("/metrics", page)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, *settings.metrics).start()


def _told(faults: Callable[[], list[str]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        found = faults()
        return web.Response(text="\n".join(found or ["ok"]) + "\n", status=503 if found else 200)

    return answer
