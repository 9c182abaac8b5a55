"""`python -m tests.bench PART [options]`; without a part all of them, one after the other.

With --smoke everything is small: this shows that it runs, the figures mean nothing. With --short each part runs one
round, in about 40 minutes: the figures of a busy moment are in it.
"""

import argparse
import os
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import version
from typing import Final

from tests.bench.process import Failed
from tests.bench.room import Room

PARTS: Final = {
    "throughput": "a backlog at 10,000, 200,000 and 1,000,000 visitors, beside the peers",
    "stages": "what each stage costs, in one process without a broker",
    "backtest": "events a second of a backtest",
    "collecting": "a post and a batched event to the collector, beside an empty aiohttp handler",
    "latency": "from a record appended to its answer appended, at steady rates",
    "restore": "a start with the state of 200,000 and 1,000,000 visitors",
    "scaling": "one, two and four workers",
    "deadlines": "a million deadlines at one moment: how long the loop stands still",
    "customers": "customers of a year: bytes packed, and a restore of a million",
    "audiences": "20 audiences in force against none",
    "growth": "cost per event as visitors, carts, open episodes and partitions grow",
}
"""What each part measures, by name. The module has the part's name."""

SHORT: Final = {
    "throughput": "--rounds 1 --faust-events 10000",
    "latency": "--rates 0 100 1000 5000 --seconds 20",
    "restore": "--rounds 1",
    "scaling": "--rounds 1",
    "audiences": "--rounds 3",
    "growth": "--rounds 1 --events 200000",
}
"""Options of a short run, by part."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parts = parser.add_subparsers(dest="part", metavar="PART")
    for name, about in PARTS.items():
        options = parts.add_parser(name, help=about, description=about)
        import_module(f"tests.bench.{name}").add_arguments(options)
    parser.add_argument("--smoke", action="store_true", help="all parts, small, in a minute")
    parser.add_argument("--short", action="store_true", help="all parts, one round of each")
    args = parser.parse_args()
    chosen = [args.part] if args.part else list(PARTS)
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"aiokafka {version('aiokafka')}, msgspec {version('msgspec')}, load {os.getloadavg()[0]:.1f}"
    )
    failed = 0
    with Room() as place:
        for name in chosen:
            began = time.monotonic()
            print(f"\n## {name}: {PARTS[name]}", flush=True)
            part = import_module(f"tests.bench.{name}")
            given = part.SMOKE if args.smoke else SHORT.get(name, "") if args.short else ""
            whole = bool(args.part) and not given
            own = args if whole else parts.choices[name].parse_args(given.split())
            try:
                part.run(own, place)
            except Failed as fault:  # the other parts are still worth their time
                failed = 1
                print(f"{name} failed: {fault}", flush=True)
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
