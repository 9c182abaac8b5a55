"""Figures of the sources, from the collectors: events, refusals, the last requests.

A collector is a separate service, and may have several processes. Each serves its figures at /metrics and its last
requests at /requests. This module queries all of them and adds up the answers. The console's own collector is one
of them.

| variable | what | default |
|---|---|---|
| TRIGGERS_CONSOLE_COLLECTORS | where collectors serve their metrics, `host:port,host:port`; all addresses of a name are queried | none |
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from agents.config.environment import Environment
from agents.config.settings import SettingsError
from agents.faces.request_log import PATH

SETTING: Final = "TRIGGERS_CONSOLE_COLLECTORS"
TIMEOUT: Final = ClientTimeout(total=3)
METRIC_PREFIX: Final = "triggers_collector_"
LABELS: Final = ("type", "name", "status", "reason")
"""Labels beside the source, in the order in which the page shows them."""

MOST: Final = 100
"""The page shows at most this many requests of a source."""

Place = tuple[str, int]
_requests: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class SourceFigures(Struct):
    """Figures of one source since its collectors started.

    `events`: by type · `posts`: by status · `refused`: (type, reason, number) · `left_out`, `unknown`:
    (reason or name, number), the largest first · `orders_of_nobody`: orders that name nobody, left out as `no_visitor` ·
    `last`: time (ms) of the last accepted event, None: there is none.
    """

    source: str
    events: dict[str, int]
    posts: dict[str, int]
    refused: list[tuple[str, str, int]]
    left_out: list[tuple[str, int]]
    unknown: list[tuple[str, int]]
    orders_of_nobody: int
    robots: int
    last: int | None


def places(environ: Mapping[str, str] = os.environ) -> tuple[Place, ...]:
    """The host:port of each collector's metrics. Raises SettingsError."""
    env = Environment(environ)
    given = [part.strip() for part in env.text(SETTING).split(",") if part.strip()]
    parsed = [env.address(SETTING, part) for part in given]
    if env.mistakes:
        raise SettingsError("\n".join(env.mistakes))
    return tuple(each for each in parsed if each)


class Sources:
    """Queries collectors. `own`: returns the metrics of this process · `key`: the operator's, None: no requests."""

    def __init__(
        self, at: tuple[Place, ...], key: str | None, own: Callable[[], Iterable[bytes]]
    ) -> None:
        self.at = at
        self._key = key
        self._own = own

    @property
    def may_look(self) -> bool:
        return self._key is not None and bool(self.at)

    async def figures(self) -> tuple[list[SourceFigures], list[str]]:
        """The figures of all sources, and a sentence for each collector that does not answer."""
        texts, faults = await self._query("/metrics", {})
        return add_up([*self._own(), *texts]), faults

    async def requests(self, source: str) -> tuple[list[dict[str, Any]], list[str]]:
        """The last requests of a source, newest first, as agents/faces/request_log.py writes them, and faults."""
        headers = {"Authorization": f"Bearer {self._key}"}
        texts, faults = await self._query(PATH, headers, {"source": source})
        parsed = [each for text in texts for each in _requests(text)]
        return sorted(parsed, key=lambda each: -each["at"])[:MOST], faults

    async def _query(
        self, path: str, headers: Mapping[str, str], query: Mapping[str, str] | None = None
    ) -> tuple[list[bytes], list[str]]:
        async with ClientSession(timeout=TIMEOUT) as session:

            async def ask(host: str, port: int) -> bytes | str:
                host_text = f"[{host}]" if ":" in host else host
                url = f"http://{host_text}:{port}{path}"
                try:
                    async with session.get(url, headers=headers, params=query) as answer:
                        if answer.status == 200:
                            return await answer.read()
                        return f"{host_text}:{port} answered {answer.status}"
                except (ClientError, OSError, TimeoutError) as error:
                    return f"{host_text}:{port} does not answer ({type(error).__name__})"

            addresses, faults = await self._addresses()
            answers = await asyncio.gather(*(ask(*place) for place in addresses))
        texts = [each for each in answers if isinstance(each, bytes)]
        return texts, [*faults, *(each for each in answers if isinstance(each, str))]

    async def _addresses(self) -> tuple[list[Place], list[str]]:
        """Each address of each host name, once."""
        loop, places, faults = asyncio.get_running_loop(), dict[Place, None](), []
        for host, port in self.at:
            try:
                rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except OSError:
                faults.append(f"{host}:{port} is not known")
                continue
            places |= dict.fromkeys((str(row[4][0]), port) for row in rows)
        return list(places), faults


def add_up(texts: Iterable[bytes]) -> list[SourceFigures]:
    """Adds up the figures of several processes, by source. `-`: unknown sources."""
    total: dict[tuple[str, ...], float] = {}
    last: dict[str, float] = {}
    for text in texts:
        for family in text_string_to_metric_families(text.decode()):
            if not family.name.startswith(METRIC_PREFIX):
                continue
            metric = family.name.removeprefix(METRIC_PREFIX)
            for sample in family.samples:
                source = sample.labels.get("source")
                if source is None:
                    continue
                if metric == "last_event_timestamp_seconds":
                    last[source] = max(last.get(source, 0.0), sample.value)
                elif sample.name.endswith("_total") and sample.value:
                    labels = [sample.labels[name] for name in LABELS if name in sample.labels]
                    key = metric, source, *labels
                    total[key] = total.get(key, 0.0) + sample.value
    names = dict.fromkeys([*last, *(key[1] for key in total)])
    return [_source_figures(name, total, last.get(name, 0.0)) for name in sorted(names)]


def _source_figures(
    name: str, total: Mapping[tuple[str, ...], float], last: float
) -> SourceFigures:
    def rows(metric: str) -> list[tuple[Any, ...]]:
        labelled = [(*key[2:], int(n)) for key, n in total.items() if key[:2] == (metric, name)]
        return sorted(labelled, key=lambda row: (-row[-1], row))

    return SourceFigures(
        name,
        dict(rows("events")),
        dict(rows("posts")),
        rows("refused"),
        rows("left_out"),
        rows("unknown_events"),
        sum(row[-1] for row in rows("orders_of_nobody")),
        sum(row[-1] for row in rows("robots")),
        int(last * 1000) or None,
    )
