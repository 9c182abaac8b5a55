"""The command `compare EVENTS`: runs two recipes files over the same events, and writes what would change.

DIR/compare.html is a page that needs no server. DIR/compare.json has the same figures. DIR/before and DIR/after hold
the output of `backtest` for each side. Source: docs/semantics.md, 10.
"""

import argparse
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from agents.commands import backtest as command
from agents.compare.page import page
from agents.compare.report import report
from agents.compare.side import Side, decide
from agents.config.recipes import read
from agents.replay.backtest_files import AT_ONCE
from agents.replay.event_file import lines
from stream import backtest
from stream.recipes.recipe import Recipes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="events, one a line (.gz too)"
    )
    parser.add_argument(
        "--recipes", type=Path, metavar="A", help="the current recipes (default: the shipped ones)"
    )
    parser.add_argument(
        "--with",
        dest="other",
        type=Path,
        metavar="B",
        required=True,
        help="the recipes that may replace them",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("compare"))
    command.add_any_time(parser)


def run(args: argparse.Namespace) -> int:
    """0: done. 1: the report cannot be written. 2: the recipes or the events are wrong."""
    return command.guarded(
        args,
        lambda: compare(args, read(args.recipes), read(args.other)),
        args.recipes,
        args.other,
    )


def compare(args: argparse.Namespace, first: Recipes, second: Recipes) -> int:
    """Compares both sides and writes the report. Raises OutOfOrder, BeforeYear2000, EOFError, OSError."""
    gc.disable()  # States have no cycles: the garbage collector would search them all and find nothing.
    names = _names(args.recipes, args.other)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        disable=not sys.stderr.isatty(),
    ) as progress:
        before = _side(args, first, "before", progress)
        after = _side(args, second, "after", progress)
    found = report(before, after, names)
    (args.out / "compare.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    (args.out / "compare.html").write_text(page(found), encoding="utf-8")
    print(f"{names[0]}: {found.sent[0]} sent · {names[1]}: {found.sent[1]} sent")
    for each in found.recipes:
        print(
            f"{each.recipe}: {each.before} → {each.after} ({each.new} new, {each.gone} gone, ",
            end="",
        )
        print(f"{each.moved} at another time, {each.changed} otherwise)")
    for shadow in found.shadows:
        print(f"{shadow.recipe} in shadow: {shadow.before} → {shadow.after}")
    print(f"written: {args.out / 'compare.html'}, {args.out / 'compare.json'}")
    return 0


def _names(first: Path | None, second: Path) -> tuple[str, str]:
    """The names of the two sides on the page."""
    one = first.name if first else "shipped recipes"
    return one, second.name if second.name != one else str(second)


def _side(args: argparse.Namespace, recipes: Recipes, name: str, progress: Progress) -> Side:
    task = progress.add_task(name, total=args.file.stat().st_size)
    with args.file.open("rb", buffering=AT_ONCE) as raw:

        def read_lines() -> Iterator[bytes]:
            for number, line in enumerate(lines(args.file, raw)):
                if number % 10_000 == 0:
                    progress.update(task, completed=raw.tell())
                yield line
            progress.update(task, completed=raw.tell())

        events = read_lines() if args.any_time else backtest.in_ms(read_lines())
        return decide(events, recipes, args.out / name)
