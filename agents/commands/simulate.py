"""The command `simulate`: writes realistic, simulated shop traffic to Kafka or to a file.

Without --out it writes to storefront.events in real time, at a steady rate. The record key is the visitor or the
pseudo-visitor, and the partitioner is that of the Java clients. With --out it writes a whole day to a file for `backtest`
and `load`: one event a line, with its time `t`. With --years the file holds years of customers' lives instead:
subscriptions, orders in a rhythm, drift and returns.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kafka import KafkaProducer
from kafka.errors import KafkaError
from rich.progress import track

from agents.config.settings import Settings, SettingsError, kafka_python_options
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS
from agents.kafka.unreachable import told
from agents.simulator import traffic as shoppers
from agents.simulator.faults import Faults
from agents.simulator.publish import current, lines, send
from stream import durations

START: Final = "2026-01-05T00:00"
LINGER_MS: Final = 5
LIVE: Final = {"rate": 100.0, "seconds": 60.0}
"""The options of live traffic alone, with their defaults."""
FILE: Final = {"visitors": 3000, "start": 1_767_571_200_000, "length": durations.DAY, "years": None}
"""The options of a file alone, with their defaults. `start`: START in ms."""
YEAR: Final = 365 * durations.DAY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed",
        type=int,
        help="seed: the same seed gives the same traffic (file: 1, live: random)",
    )
    parser.add_argument(
        "--faults",
        type=_faults,
        default=Faults(),
        metavar="NAME=SHARE,…",
        help="shares of duplicates, late, unknown, rubbish, parts (a few per thousand each)",
    )
    live = parser.add_argument_group("live, to Kafka")
    live.add_argument("--rate", type=_positive, help="events a second (100)")
    live.add_argument("--seconds", type=_positive, help="duration in seconds (60)")
    file = parser.add_argument_group("options for a day or years in a file")
    file.add_argument(
        "--out", type=Path, metavar="FILE", help="file to write, for backtest and load"
    )
    file.add_argument("--visitors", type=int, help="number of shoppers (3000)")
    file.add_argument("--start", type=_time, help=f"time of the start, UTC ({START})")
    file.add_argument("--length", type=_length, help="duration, such as 8h (1d)")
    file.add_argument(
        "--years", type=_positive, help="write this many years of the lives of --visitors customers"
    )


def _faults(text: str) -> Faults:
    try:
        return Faults.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def _time(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as {START}, got {text!r}") from None


def _length(text: str) -> int:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    """0: done. 1: no broker, a broker that refuses, or a file that cannot be written. 2: wrong settings."""
    for name in LIVE if args.out else FILE:
        if getattr(args, name) is not None:
            why = (
                "is for traffic to Kafka: leave --out out"
                if args.out
                else "expected --out FILE too"
            )
            print(f"--{name}: {why}", file=sys.stderr)
            return 2
    for name, value in (LIVE | FILE).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return _to_file(args) if args.out else _to_kafka(args)


def _to_file(args: argparse.Namespace) -> int:
    begin = 1 if args.seed is None else args.seed, args.visitors, args.start
    if args.years:
        traffic = shoppers.years(*begin, int(args.years * YEAR), args.faults)
    else:
        traffic = shoppers.day(*begin, args.length, args.faults)
    shown = track(lines(traffic), "Simulating", disable=not sys.stderr.isatty(), console=None)
    try:
        with args.out.open("wb") as file:
            count = sum(1 for line in shown if file.write(line))
    except OSError as error:
        print(f"{args.out}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{count} events in {args.out}")
    return 0


def _to_kafka(args: argparse.Namespace) -> int:
    try:
        settings = Settings.read()
        options = kafka_python_options(settings)
        connect_ms = cluster_admin.CONNECT_MS
        producer = KafkaProducer(
            acks="all", linger_ms=LINGER_MS, bootstrap_timeout_ms=connect_ms, **options
        )
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except KafkaError as error:
        print(told(error), file=sys.stderr)
        return 1
    seed = time.time_ns() if args.seed is None else args.seed
    traffic = current(shoppers.hour(seed, args.rate, args.seconds, args.faults))
    try:
        sent = send(producer, settings.topic(EVENTS), traffic, args.rate, args.seconds)
    except KafkaError as error:
        print(f"{settings.topic(EVENTS)}: {error}", file=sys.stderr)
        return 1
    finally:
        producer.close()
    print(f"{sent} events sent to {settings.topic(EVENTS)}")
    return 0
