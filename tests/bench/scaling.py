"""(e) One, two and four workers of a group on one backlog.

With fewer cores than workers and broker need, the figures show the cores, not how the service
scales. So each worker can be limited to a part of the time (signals stop and continue them, one
after the other): then the cores suffice, and the rest is what the workers cost each other.
"""

import argparse
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from tests.bench import log, subjects
from tests.bench.process import Cost, Failed, Moment, Subject, cost
from tests.bench.room import Room
from tests.bench.table import Rounds
from tests.bench.traffic import rows, wall

SMOKE: Final = "--workers 2 --visitors 500 --events 900000 --seconds 2 --rounds 1"
PERIOD_S: Final = 0.1
WITHIN_S: Final = 300.0
ENOUGH: Final = 0.85
"""Measured part of the backlog: after it some workers may be idle."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--share", type=float, default=0.2, help="of the time, for each worker")
    parser.add_argument("--visitors", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=12.0, help="measured in each round")
    parser.add_argument("--events", type=int, default=1_500_000)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)


def run(args: argparse.Namespace, room: Room) -> None:
    settings = log.settings_of(room.bootstrap, "scaling")
    log.make(settings, args.partitions)
    total = log.load(settings, rows(args.events, args.visitors, clock=wall))
    found = Rounds()
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", flush=True)
        for count in args.workers:
            fresh = log.anew(settings)
            with ExitStack() as stack:
                crew = [
                    stack.enter_context(subjects.Worker(fresh, room.folder / f"worker-{n}.log"))
                    for n in range(count)
                ]
                found.add(f"{count} workers", _measure(crew, args, total))
    found.show(f"Scaling, each worker for {args.share:.0%} of the time")
    log.drop(settings)
    one = found.rate(f"{args.workers[0]} workers")
    for count in args.workers[1:]:
        print(
            f"{count} workers: {found.rate(f'{count} workers') / one:.2f} times the events of one"
        )


def _measure(crew: Sequence[Subject], args: argparse.Namespace, total: int) -> Cost:
    _begun(crew, 1)
    with Turns(crew, args.share):
        _begun(crew, args.visitors)
        first = _all(crew)
        last = first
        while last.time < first.time + args.seconds:
            time.sleep(0.5)
            moment = _all(crew)
            if moment.done > ENOUGH * total:
                break
            last = moment
        return cost(first, last)


def _begun(crew: Sequence[Subject], events: int) -> None:
    """Waits until each worker has processed `events`; raises Failed."""
    limit = time.monotonic() + WITHIN_S
    while any(each.moment().done < events for each in crew):
        if time.monotonic() > limit:
            raise Failed(f"a worker has nothing to do:\n{crew[0].tail()}")
        time.sleep(0.1)


def _all(crew: Sequence[Subject]) -> Moment:
    """The sum of all workers; its time is the middle one, because they are read one after the other."""
    moments = [each.moment() for each in crew]
    return Moment(
        sum(each.time for each in moments) / len(moments),
        sum(each.cpu for each in moments),
        sum(each.rss for each in moments),
        sum(each.done for each in moments),
    )


class Turns:
    """Within the block each process runs for its share of the time; after it all continue."""

    def __init__(self, crew: Sequence[Subject], share: float) -> None:
        self._crew, self._share = crew, share
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._turn, args=(each, n / len(crew)))
            for n, each in enumerate(crew)
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for each in self._crew:
            os.kill(each.pid, signal.SIGCONT)

    def _turn(self, subject: Subject, phase: float) -> None:
        began = time.monotonic() + phase * PERIOD_S
        while not self._over.is_set() and subject.process.poll() is None:
            os.kill(subject.pid, signal.SIGCONT)
            self._over.wait(self._share * PERIOD_S)
            os.kill(subject.pid, signal.SIGSTOP)
            left = PERIOD_S - (time.monotonic() - began) % PERIOD_S
            self._over.wait(left)
