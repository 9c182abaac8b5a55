"""`python -m tests.bench PART [options]`; without a part all of them, one after the other."""

import argparse
import os
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import version
from typing import Final

from tests.bench.room import Room

PARTS: Final = {
    "throughput": "a backlog at 10,000, 200,000 and 1,000,000 visitors, beside the peers",
    "stages": "what each stage costs, in one process without a broker",
    "backtest": "events a second of a backtest",
}
"""By name, with what each measures. The module has the part's name."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parts = parser.add_subparsers(dest="part", metavar="PART")
    for name, about in PARTS.items():
        part = parts.add_parser(name, help=about, description=about)
        import_module(f"tests.bench.{name}").add_arguments(part)
    args = parser.parse_args()
    chosen = [args.part] if args.part else list(PARTS)
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"aiokafka {version('aiokafka')}, msgspec {version('msgspec')}, load {os.getloadavg()[0]:.1f}"
    )
    with Room() as place:
        for name in chosen:
            began = time.monotonic()
            print(f"\n## {name}: {PARTS[name]}", flush=True)
            own = args if args.part else parts.choices[name].parse_args([])
            import_module(f"tests.bench.{name}").run(own, place)
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
