"""`backtest FILE`: runs the core over a file of events and writes what it decided.

Source: docs/semantics.md, 10. Errors name the file and the line.
"""

import argparse
import gc
import gzip
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from agents.config.recipes import read_history
from agents.replay import findings
from agents.replay.backtest_files import AT_ONCE, FILES, BacktestFiles
from agents.replay.event_file import lines, whole_lines
from stream import backtest
from stream.recipes.history import History
from stream.recipes_file import RecipesError

IF_ANY: Final = ("audiences", "shadow", "shadow_decisions", "outcomes")
"""Outputs that the summary leaves out if there are none."""

SHOWN: Final = 20
"""Rejected lines that are reported one by one. The others are only counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="events, one a line (.gz too)"
    )
    parser.add_argument("--recipes", type=Path, metavar="FILE", help="default: the shipped recipes")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("backtest"))
    add_any_time(parser)


def add_any_time(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--any-time", action="store_true", help="accept a `t` before the year 2000")


def run(args: argparse.Namespace) -> int:
    """0: done. 1: the results cannot be written. 2: the recipes or the events are wrong."""
    return guarded(args, lambda: decide(args, read_history(args.recipes)), args.recipes)


def guarded(args: argparse.Namespace, work: Callable[[], int], *given: Path | None) -> int:
    """Runs `work`, which reads the events of `args.file`. Prints an error and returns the exit status.

    `given`: the other input files. A fault of an input file has the status 2, of an output file 1.
    """
    try:
        return work()
    except RecipesError as fault:
        print(fault, file=sys.stderr)
    except backtest.OutOfOrder as fault:
        print(f"{args.file}:{fault.line}: {fault}", file=sys.stderr)
    except (gzip.BadGzipFile, EOFError, backtest.BeforeYear2000) as fault:
        print(f"{args.file}: {fault}", file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as fault:
        named = Path(fault.filename or args.out)
        print(f"{named}: {fault.strerror}", file=sys.stderr)
        return 2 if named in (args.file, *given) else 1
    return 2


def decide(args: argparse.Namespace, recipes: History) -> int:
    """Decides the events and writes the results. Raises OutOfOrder, BeforeYear2000, EOFError, OSError."""
    gc.disable()  # States have no cycles: the garbage collector would search them all and find nothing.
    counts: Counter[tuple[str, ...]] = Counter()
    rejected: list[tuple[int, str]] = []
    parts: dict[tuple[str, str], findings.First] = {}
    with (
        args.file.open("rb", buffering=AT_ONCE) as raw,
        BacktestFiles(args.out) as files,
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
        found = whole_lines(args.file, raw)
        for out in backtest.run(found if args.any_time else backtest.in_ms(found), recipes):
            files.write(out)
            rejected += [
                (number, reason) for number, reason, _ in out.rejected[: SHOWN - len(rejected)]
            ]
            findings.firsts(parts, out.reported)
            counts.update(out.counts)
            progress.update(task, completed=raw.tell())
    for place, why in _reasons(args.file, dict(rejected)):
        print(f"{args.file}:{place}: {why}", file=sys.stderr)
    left = counts["events", "rejected"] - len(rejected)
    if left > 0:
        print(f"… and {left} more rejected lines", file=sys.stderr)
    _report(args.out, counts, parts)
    return 0


def _reasons(file: Path, rejected: dict[int, str]) -> Iterator[tuple[int, str]]:
    """(number from 1, what is wrong) of rejected lines. `rejected`: the reasons, by line number from 0.

    It reads the file again. A line without a time was not parsed any further, so its message names both causes.
    """
    if not rejected:
        return
    with file.open("rb", buffering=AT_ONCE) as raw:
        for number, line in enumerate(islice(lines(file, raw), max(rejected) + 1)):
            if number in rejected:
                plain = rejected[number] == "not_json"
                why = "not JSON, or without a time `t`" if plain else findings.why(line)
                yield number + 1, why


def _report(out: Path, counts: Counter[tuple[str, ...]], parts: findings.Parts) -> None:
    for kind in ("events", "triggers", "decisions", *IF_ANY):
        of_kind = {
            ":".join(labels): number for (each, *labels), number in counts.items() if each == kind
        }
        if not of_kind and kind in IF_ANY:
            continue
        found = [f"{number} {label.strip(':')}" for label, number in sorted(of_kind.items())]
        print(f"{kind.replace('_', ' ')}: {', '.join(found) or 'none'}")
        if kind == "events":
            for line in findings.report(counts, parts):
                print(line)
    files = [out / f"{name}.jsonl" for name in FILES]
    shown = [str(file) for file in files if file in files[:2] or file.stat().st_size]
    print(f"written: {', '.join(shown)}")
