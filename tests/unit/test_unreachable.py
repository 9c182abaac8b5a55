"""Commands that find no broker say so in one line, without the client's words for it."""

import logging
import time
from typing import Final

import pytest

from agents.__main__ import main
from agents.kafka import cluster_admin
from agents.kafka.unreachable import leave_out_raw_lines, told
from agents.local import ports

WITHIN_S: Final = 20
"""Seconds for a command. kafka-python tries for 30 s to reach a broker, unless it is told otherwise."""


@pytest.mark.parametrize(
    ("command", "begins"),
    [
        (["recipes", "list"], "the topic of recipes cannot be used: "),
        (["lift"], "the outcomes cannot be read: "),
        (["audience", "loyal"], "the audience cannot be read: "),
        (["explain", "anna"], "127.0.0.1:"),
        (["erase", "--customer", "anna"], "nothing was erased: "),
        (["erase", "--check", "--customer", "anna"], "what is left cannot be read: "),
        (["topics"], ""),
        (["simulate", "--rate", "1", "--seconds", "1"], ""),
        (["export", "events.jsonl"], "127.0.0.1:"),
        (["load", "events.jsonl"], ""),
    ],
)
def test_a_broker_that_is_not_there_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    begins: str,
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])  # a command has no log of its own
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)  # `topics` sets another
    monkeypatch.setattr(cluster_admin, "CONNECT_MS", 200)
    monkeypatch.setenv("TRIGGERS_TIME", "record")  # as `load` demands
    monkeypatch.setenv("TRIGGERS_KAFKA", f"127.0.0.1:{ports.free(1)[0]}")
    began = time.monotonic()
    assert main(command) == 1
    assert time.monotonic() - began < WITHIN_S
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(begins)
    assert said.endswith("no broker answers; TRIGGERS_KAFKA must name one that is up")
    assert "bootstrap" not in said
    assert "Error" not in said


def test_any_other_error_is_told_as_it_is() -> None:
    assert told(OSError("the disk is full")) == "the disk is full"
    assert told(TimeoutError()) == "TimeoutError", "better than nothing"


def test_other_lines_of_a_library_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broker that is lost during a long command: else the command would wait without a word."""
    monkeypatch.setattr(logging.root, "handlers", [])
    leave_out_raw_lines()
    log = logging.getLogger("a library")
    log.error('Unable connect to "%s:%s": %s', "127.0.0.1", 1, "refused")
    for _ in range(3):
        log.error("Unable connect to node with id %s: %s", 1, "refused")
    assert capsys.readouterr().err == "Unable connect to node with id 1: refused\n"
