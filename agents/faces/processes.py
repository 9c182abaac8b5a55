"""Several collector processes on one port. The kernel shares the connections out among them."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

LOOK_S: Final = 0.2
GOODBYE_S: Final = 10.0


def supervise(commands: Sequence[Sequence[str]]) -> int:
    """Runs all commands until one ends or this process gets SIGTERM or SIGINT, then ends the others.

    Returns the first exit status that is not 0, or 0.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = [subprocess.Popen([sys.executable, "-m", "agents", *command]) for command in commands]
    while not stop.wait(LOOK_S):
        if any(each.poll() is not None for each in running):
            break
    return _end(running)


def _end(running: Sequence["subprocess.Popen[bytes]"]) -> int:
    for each in running:
        with suppress(ProcessLookupError):
            each.send_signal(signal.SIGTERM)
    statuses = [_status(each) for each in running]
    return next((status for status in statuses if status), 0)


def _status(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(GOODBYE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
