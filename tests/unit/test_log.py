"""The worker's log: repeated lines of a library become one line now and then."""

import logging
import subprocess
import sys

import pytest

from agents.runtime import log

PLACE = "127.0.0.1:9092"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1000.0]
    monkeypatch.setattr("agents.runtime.log.time.monotonic", lambda: clock[0])
    return clock


def line(name: str, text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, text, args, None)


def test_repeated_library_lines_are_logged_once_and_then_counted(now: list[float]) -> None:
    only, told = log.Repeated(), []
    for second in range(25):
        now[0] = 1000.0 + second
        record = line("aiokafka", "Unable connect to %s", PLACE)
        if only.filter(record):
            told.append(record.getMessage())
    first = f"Unable connect to {PLACE}"
    assert told == [first, f"{first} (9 times more)", f"{first} (9 times more)"]


def test_lines_that_differ_in_a_pause_only_are_equal(now: list[float]) -> None:
    only = log.Repeated()
    assert only.filter(line("kafka.net", "%s is not there (backoff %.2f secs)", "node-1", 0.11))
    assert not only.filter(line("kafka.net", "%s is not there (backoff %.2f secs)", "node-1", 1.7))
    assert only.filter(line("kafka.net", "%s is not there (backoff %.2f secs)", "node-2", 1.7))


def test_other_lines_and_our_own_always_pass(now: list[float]) -> None:
    only = log.Repeated()
    lines = [line("aiokafka", "node %d", number) for number in (1, 2)]
    lines += [line("triggers.worker", "failed error=KafkaError")] * 3
    assert all(map(only.filter, lines))


def test_the_number_of_remembered_lines_is_bounded(now: list[float]) -> None:
    only = log.Repeated()
    for number in range(3 * log.DIFFERENT):
        assert only.filter(line("aiokafka", "node %d", number))
        assert len(only._seen) <= log.DIFFERENT


WARNS = """
import logging
from agents.runtime import log
log.configure()
for name in log.NEEDLESS:
    logging.getLogger(name).warning("Task ran for 0.133s (>0.100s threshold). It is blocking the event loop")
    logging.getLogger(name).error("an error")
logging.getLogger("kafka.conn").warning("another warning")
"""


def test_warnings_of_a_library_that_nobody_can_act_on_are_not_logged() -> None:
    run = subprocess.run([sys.executable, "-c", WARNS], capture_output=True, text=True, check=True)
    told = [line.partition("Z ")[2] for line in run.stderr.splitlines()]
    errors = [f"ERROR {name} an error" for name in log.NEEDLESS]
    assert told == [*errors, "WARNING kafka.conn another warning"]
