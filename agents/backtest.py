"""`backtest FILE`: runs the core over a file of events and writes what it decided.

Source: docs/semantics.md, 10. Errors name the file and the line.
"""

import argparse
import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from agents.recipes import read
from stream import backtest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="events, one a line (.gz too)"
    )
    parser.add_argument("--recipes", type=Path, metavar="FILE", help="default: the shipped recipes")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("backtest"))


def run(args: argparse.Namespace) -> int:
    recipes = read(args.recipes)
    args.out.mkdir(parents=True, exist_ok=True)
    counts: Counter[tuple[str, str]] = Counter()
    rejected: list[str] = []
    with (
        args.file.open("rb") as raw,
        (args.out / "triggers.jsonl").open("wb") as triggers,
        (args.out / "decisions.jsonl").open("wb") as decisions,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            disable=not sys.stderr.isatty(),
        ) as progress,
    ):
        task = progress.add_task(args.file.name, total=args.file.stat().st_size)
        try:
            for out in backtest.run(lines(args.file, raw), recipes):
                triggers.writelines(value + b"\n" for _, _, value in out.triggers)
                decisions.writelines(value + b"\n" for _, value in out.decisions)
                rejected += [
                    f"{args.file}:{number + 1}: {reason} at {path}"
                    for number, reason, path in out.rejected[: 20 - len(rejected)]
                ]
                counts.update(out.counts)
                progress.update(task, completed=raw.tell())
        except backtest.OutOfOrder as fault:
            print(f"{args.file}:{fault.line}: {fault}", file=sys.stderr)
            return 2
        except (OSError, EOFError) as fault:
            print(f"{args.file}: {fault}", file=sys.stderr)
            return 2
    _report(args.out, counts, rejected)
    return 0


def lines(path: Path, raw: BinaryIO) -> Iterator[bytes]:
    """The lines of an open file, unpacked if its name ends in .gz, without their ends."""
    source: Iterable[bytes] = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    for line in source:
        yield line.rstrip(b"\r\n")


def _report(out: Path, counts: Counter[tuple[str, str]], rejected: list[str]) -> None:
    for fault in rejected:
        print(fault, file=sys.stderr)
    left = counts["events", "rejected"] - len(rejected)
    if left > 0:
        print(f"… and {left} more rejected lines", file=sys.stderr)
    for kind in ("events", "triggers", "decisions"):
        parts = [
            f"{number} {label.strip(':')}"
            for (each, label), number in sorted(counts.items())
            if each == kind
        ]
        print(f"{kind}: {', '.join(parts) or 'none'}")
    print(f"written: {out / 'triggers.jsonl'}, {out / 'decisions.jsonl'}")
