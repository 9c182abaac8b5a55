"""The command `collector`: takes events of storefront SDKs and shops over HTTP, and writes them to Kafka.

TRIGGERS_SOURCES names the sources; without it only /collect answers. The collector has no login and no TLS:
put an ingress in front of it.
"""

import argparse
import asyncio
import gc
import logging
import sys
from typing import Final

from aiokafka.errors import KafkaError

from agents.config.settings import Settings, SettingsError, address
from agents.connect.sources import Connected, SourcesError
from agents.faces import request_log
from agents.faces.processes import supervise
from agents.faces.site import connected, make_site, serving
from agents.runtime import probes
from agents.runtime.log import configure, say
from agents.runtime.shutdown import report, stop_signals

log = logging.getLogger("triggers.collector")

LISTEN: Final = "127.0.0.1:8091"
METRICS: Final = "127.0.0.1:9110"

COLLECT: Final = (10_000, 10, 10)
"""Thresholds of the garbage collector. First one lower: a batch of posts is searched while it is being translated, which took a
twelfth of the CPU. Higher: more memory waits for the collector, and a search takes longer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", default=LISTEN, metavar="HOST:PORT", help=f"address for events ({LISTEN})"
    )
    parser.add_argument(
        "--metrics",
        default=METRICS,
        metavar="HOST:PORT",
        help="address of /metrics, /live and /ready; further processes use the next ports; "
        f"empty: none ({METRICS})",
    )
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="processes that share the port (1)"
    )
    parser.add_argument("--shared", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal. 1: a failure; start it again. 2: wrong settings or sources, or the address is taken."""
    configure()
    try:
        settings = Settings.read()
        settings.require_kafka()
        sources = connected(settings)
        site_at = address("--listen", args.listen)
        metrics_at = address("--metrics", args.metrics) if args.metrics else None
        key = request_log.operator_key()
        if args.processes > 1:
            return supervise(_commands(args, metrics_at))
        asyncio.run(_serve(settings, sources, site_at, metrics_at, args.shared, key))
    except (SettingsError, SourcesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        report(log, error, (KafkaError,))
        return 1
    return 0


def _commands(args: argparse.Namespace, metrics: tuple[str, int] | None) -> list[list[str]]:
    return [
        ["collector", "--shared", "--listen", args.listen, "--metrics", _nth(metrics, number)]
        for number in range(args.processes)
    ]


def _nth(metrics: tuple[str, int] | None, number: int) -> str:
    if metrics is None:
        return ""
    host, port = metrics
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port + number if port else 0}"


async def _serve(
    settings: Settings,
    sources: tuple[Connected, ...],
    site_at: tuple[str, int],
    metrics_at: tuple[str, int] | None,
    shared: bool,
    key: str | None,
) -> None:
    stop = stop_signals()
    site = make_site(settings, sources)
    gc.set_threshold(*COLLECT)
    gc.collect()
    gc.freeze()  # The garbage collector no longer visits objects that live as long as the process.
    async with serving(site, *site_at, shared=shared) as (port, failed):
        if metrics_at:
            more = {request_log.PATH: request_log.serving(site.requests, key)} if key else {}
            await probes.serve(metrics_at, lambda: [], site.unready, site.collected.text, more)
        _welcome(site_at[0], port, len(sources))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait((waiting, failed), return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        say(log, "stopping")


def _welcome(host: str, port: int, sources: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"the collector is at http://{shown}:{port}/", flush=True)
    say(log, "started", sources=sources)
