"""The command `local`: runs a Kafka and a Redis, until it is stopped or the given command ends."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from agents.local.cluster import cluster
from agents.local.process import LocalFailed, Process
from agents.local.redis import server

INTERRUPTED: Final = 130
NOT_FOUND: Final = 127
ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "storefront-triggers local [options] [-- COMMAND ...]"
    parser.add_argument("--port", type=int, help="port of Kafka (a free one)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder to keep data between runs (none is kept)"
    )
    parser.add_argument("--no-redis", action="store_true", help="Kafka only")
    parser.add_argument(
        "command_line",
        nargs="*",
        metavar="COMMAND",
        help="command to run; Kafka and Redis end with it",
    )


def run(args: argparse.Namespace) -> int:
    """The exit status of COMMAND; 127: it does not exist. Without COMMAND 0: stopped by a signal.

    1: a server failed. 130: interrupted before both were ready.
    """
    if args.command_line and not shutil.which(args.command_line[0]):
        say(f"{args.command_line[0]}: command not found")
        return NOT_FOUND
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDINGS}
    try:
        with ExitStack() as stack:
            kafka = stack.enter_context(cluster(port=args.port, data=args.data, say=say))
            servers: list[Process] = list(kafka.nodes)
            variables = {"TRIGGERS_KAFKA": kafka.bootstrap}
            if not args.no_redis:
                redis = stack.enter_context(server(args.data))
                servers.append(redis)
                variables["TRIGGERS_REDIS"] = redis.url
            if args.command_line:
                return accompany(args.command_line, variables)
            return stay(servers, variables)
    except (LocalFailed, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; everything that was started has ended")
        return INTERRUPTED
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stay(servers: Sequence[Process], variables: Mapping[str, str]) -> int:
    """Prints the settings, then waits for a signal. Raises LocalFailed if a server ends."""
    for name, value in variables.items():
        print(f"export {name}={value}", flush=True)
    say("ready; Ctrl-C ends both")
    try:
        while True:
            time.sleep(0.5)
            for each in servers:
                each.check()
    except KeyboardInterrupt:
        return 0


def accompany(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Runs a command. Returns its exit status, or 128 + the signal that ended it. Raises OSError."""
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif number != signal.SIGINT or not in_foreground():
            child.send_signal(number)

    for each in ENDINGS:
        signal.signal(each, forward)
    child = subprocess.Popen(command, env={**os.environ, **variables})
    for number in early:
        child.send_signal(number)
    status = child.wait()
    return status if status >= 0 else 128 - status


def in_foreground() -> bool:
    """Whether the terminal sent Ctrl-C to the command too: it sends it to the whole foreground group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
