"""Compares two recipes files over the last hours of the log, in a process of its own: `python -m agents.compare.trial`.

DIR holds before.yaml and after.yaml. It writes DIR/compare.html and DIR/compare.json. It prints its progress, a JSON
object a line: {"doing": text, "done": 0 to 1}. The console starts the process, which uses one core while it runs, and may
kill it at any time.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from agents.compare.page import page
from agents.compare.report import report
from agents.compare.side import Side, decide
from agents.config.recipes import read
from agents.config.settings import Settings, SettingsError
from agents.kafka.topics import EVENTS
from agents.replay.backtest_files import AT_ONCE
from agents.replay.exported import exported
from agents.replay.merged import ExportError, Merged, consumer, spans
from agents.replay.span import OffsetSpan
from stream.durations import HOUR
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError

NAMES: Final = ("in force", "your draft")
SHOW_EVERY: Final = 2_000
"""Lines between two reports of the progress."""

Say = Callable[[str, float], None]


def main() -> int:
    """The exit status. 0: the report is written. 1: it is not; standard error says why."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, required=True)
    parser.add_argument("folder", type=Path, metavar="DIR")
    args = parser.parse_args()
    os.nice(10)
    try:
        first, second = (read(args.folder / name) for name in ("before.yaml", "after.yaml"))
        file = args.folder / "events.jsonl"
        asyncio.run(_export(Settings.read(), args.hours, file, _print_progress))
        _compare(args.folder, file, first, second, _print_progress)
    except (SettingsError, RecipesError, ExportError, KafkaError, OSError) as error:
        print(error or type(error).__name__, file=sys.stderr)
        return 1
    return 0


def _print_progress(doing: str, done: float) -> None:
    print(msgspec.json.encode({"doing": doing, "done": round(done, 3)}).decode(), flush=True)


async def _export(settings: Settings, hours: int, file: Path, say: Say) -> None:
    """Writes the last hours of the log to a file. Raises ExportError, aiokafka's KafkaError, OSError."""
    reader = consumer(settings)
    try:
        await reader.start()
        since = time.time_ns() // 1_000_000 - hours * HOUR
        found = await spans(reader, settings.topic(EVENTS), since, None)
        total = sum(span.end - span.start for span in found.values()) or 1
        merged = Merged(reader, settings.topic(EVENTS), dict[int, OffsetSpan](found))
        with file.open("wb", buffering=AT_ONCE) as out:
            number = 0
            async for record in merged.records():
                if number % SHOW_EVERY == 0:
                    say("reading the log", merged.done / total)
                number += 1
                if line := exported(record):
                    out.write(line.line + b"\n")
    finally:
        await reader.stop()


def _compare(folder: Path, file: Path, first: Recipes, second: Recipes, say: Say) -> None:
    """Compares two recipes files and writes the report. Raises OSError."""
    gc.disable()  # States have no cycles: the garbage collector would search them all and find nothing.
    before = _side(folder / "before", file, first, lambda done: say(NAMES[0], done))
    after = _side(folder / "after", file, second, lambda done: say(NAMES[1], done))
    say("writing the report", 0)
    found = report(before, after, ("the recipes in force", "your draft"))
    (folder / "compare.json").write_bytes(msgspec.json.encode(found))
    (folder / "compare.html").write_text(page(found), encoding="utf-8")


def _side(folder: Path, file: Path, recipes: Recipes, say: Callable[[float], None]) -> Side:
    total = file.stat().st_size or 1

    def read_lines() -> Iterator[bytes]:
        read_ = 0
        with file.open("rb", buffering=AT_ONCE) as lines:
            for number, line in enumerate(lines):
                if number % SHOW_EVERY == 0:
                    say(read_ / total)
                read_ += len(line)
                yield line

    return decide(read_lines(), recipes, folder)


if __name__ == "__main__":
    sys.exit(main())
