"""`backtest FILE`: runs the core over a file of events and writes what it decided.

Source: docs/semantics.md, 10. Errors name the file and the line.
"""

import argparse
import gc
import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from agents.config.recipes import read
from stream import backtest
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError

AT_ONCE: Final = 256 * 1024
"""Bytes of a file that are read or written at a time."""

SHOWN: Final = 20
"""Rejected lines that are told one by one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="events, one a line (.gz too)"
    )
    parser.add_argument("--recipes", type=Path, metavar="FILE", help="default: the shipped recipes")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("backtest"))
    add_any_time(parser)


def add_any_time(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--any-time", action="store_true", help="take a `t` before the year 2000 for ms, too"
    )


def run(args: argparse.Namespace) -> int:
    """0: done. 1: what was decided cannot be written. 2: the recipes or the events are wrong."""
    try:
        return decide(args, read(args.recipes))
    except RecipesError as fault:
        print(fault, file=sys.stderr)
    except backtest.OutOfOrder as fault:
        print(f"{args.file}:{fault.line}: {fault}", file=sys.stderr)
    except (gzip.BadGzipFile, EOFError, backtest.BeforeYear2000) as fault:
        print(f"{args.file}: {fault}", file=sys.stderr)
    except OSError as fault:
        named = Path(fault.filename or args.out)
        print(f"{named}: {fault.strerror}", file=sys.stderr)
        return 2 if named in (args.file, args.recipes) else 1
    return 2


def decide(args: argparse.Namespace, recipes: Recipes) -> int:
    """Raises OutOfOrder, BeforeYear2000, EOFError, OSError."""
    gc.disable()  # states hold no cycles: it would look through them all and find nothing
    args.out.mkdir(parents=True, exist_ok=True)
    counts: Counter[tuple[str, str]] = Counter()
    rejected: list[str] = []
    with (
        args.file.open("rb", buffering=AT_ONCE) as raw,
        (args.out / "triggers.jsonl").open("wb", buffering=AT_ONCE) as triggers,
        (args.out / "decisions.jsonl").open("wb", buffering=AT_ONCE) as decisions,
        (args.out / "audiences.jsonl").open("wb", buffering=AT_ONCE) as audiences,
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
        found = _whole_lines(args.file, raw)
        for out in backtest.run(found if args.any_time else backtest.in_ms(found), recipes):
            triggers.writelines([value + b"\n" for _, _, value in out.triggers])
            decisions.writelines([value + b"\n" for _, value in out.decisions])
            audiences.writelines([value + b"\n" for *_, value in out.audiences])
            rejected += [
                f"{args.file}:{number + 1}: {_why(reason, path)}"
                for number, reason, path in out.rejected[: SHOWN - len(rejected)]
            ]
            counts.update(out.counts)
            progress.update(task, completed=raw.tell())
    _report(args.out, counts, rejected)
    return 0


def _why(reason: str, path: str) -> str:
    """A line without a time is not read any further, so it is not known which of the two it is."""
    return "not JSON, or without a time `t`" if reason == "not_json" else f"{reason} at {path}"


def lines(path: Path, raw: BinaryIO) -> Iterator[bytes]:
    """The lines of an open file, unpacked if its name ends in .gz, without their ends.

    Raises OSError, and EOFError for a packed file that ends too soon.
    """
    for line in _whole_lines(path, raw):
        yield line.rstrip(b"\r\n")


def _whole_lines(path: Path, raw: BinaryIO) -> Iterable[bytes]:
    """As `lines`, with their ends."""
    return _unpacked(raw) if path.suffix == ".gz" else raw


def _unpacked(raw: BinaryIO) -> Iterator[bytes]:
    try:
        yield from gzip.GzipFile(fileobj=raw)
    except zlib.error as fault:
        raise gzip.BadGzipFile(str(fault)) from None


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
