"""The command `lift`: shows the lift of recipes. It compares persons who got a message with persons held back.

It reads the topic `triggers.outcomes`, or with --from the output of a backtest, and changes nothing. With --out it writes
DIR/lift.html, a page that needs no server, and DIR/lift.json. Source: docs/semantics-life.md, 15.
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiokafka.errors import KafkaError

from agents.config.settings import Settings, SettingsError
from agents.explain import own_records
from agents.kafka.unreachable import told
from agents.lift import sentences
from agents.lift.figures import Lift, report
from agents.lift.lift_page import page
from agents.lift.outcome_topic import read
from agents.lift.watches import first_watches
from agents.replay.span import TIMES, time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="a backtest's output"
    )
    parser.add_argument(
        "--since",
        type=_time,
        metavar="WHEN",
        help=f"count watches that began at this time or later: {TIMES}",
    )
    parser.add_argument(
        "--until", type=_time, metavar="WHEN", help="count watches that began before this time"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as JSON instead of sentences"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write lift.html and lift.json")


def _time(text: str) -> int:
    try:
        return time(text, datetime.now(UTC))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    """0: printed. 1: the outcomes cannot be read, or the page cannot be written. 2: wrong settings."""
    try:
        if args.source is not None:
            with (args.source / "outcomes.jsonl").open("rb") as file:
                found = first_watches(file, args.since, args.until)
        else:
            found = asyncio.run(read(Settings.read(), args.since, args.until))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except (KafkaError, OSError, msgspec.MsgspecError) as error:
        print(f"the outcomes cannot be read: {told(error)}", file=sys.stderr)
        return 1
    own_records.report_foreign(found.foreign)
    made = report(found, args.since, args.until)
    if args.json:
        print(written(made), end="")
    else:
        print("\n".join(sentences.lines(made)))
    return 0 if args.out is None else _write(args.out, made)


def written(lift: Lift) -> str:
    """The figures as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(lift)).decode() + "\n"


def _write(folder: Path, lift: Lift) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lift.json").write_text(written(lift), encoding="utf-8")
        (folder / "lift.html").write_text(page(lift), encoding="utf-8")
    except OSError as error:
        print(f"{error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"written: {folder / 'lift.html'}, {folder / 'lift.json'}", file=sys.stderr)
    return 0
