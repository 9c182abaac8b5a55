"""Runs tests of a tree in a fork of this process, so that no run imports the libraries again."""

import importlib
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from tests.mutants.tree import HOME

A_TEST_S: Final = 240
"""Seconds for a test, and for all imports before the first one. A longer one counts as hanging.

On a busy machine a test with all generated input takes 80 s. Larger: a change that hangs takes longer to be seen.
"""

OWN: Final = ("agents", "schemas", "stream", "tests")
LIBRARIES: Final = (
    "aiohttp.web",
    "faust",
    "hypothesis",
    "prometheus_client",
    "pytest",
    "redis.asyncio",
)
"""The packages that are imported anew in each run of tests, and those that are imported once for all runs."""


OK, NO_TESTS_COLLECTED = 0, 5
"""Ends of pytest (`pytest.ExitCode`) that are no failure."""


class Run(NamedTuple):
    """How tests ended.

    passed: whether none failed
    last: the test that began last, so the one that failed; None if none began
    hung: whether the time of the last one was up
    """

    passed: bool
    last: str | None
    hung: bool


def run(tree: Path, tests: list[str], without: list[str], a_test_s: float = A_TEST_S) -> Run:
    """Runs tests of a tree but `without` up to the first failure. A test has `a_test_s` seconds.

    They stand still while this process does.
    """
    for library in LIBRARIES:
        importlib.import_module(library)
    deselect = [f"--deselect={test}" for test in without]
    news, says = os.pipe()
    runner = os.fork()
    if not runner:
        os.close(news)
        _run(tree, ["-q", "-x", "-p", "no:cacheprovider", *deselect, *tests], says)
    os.close(says)
    with open(news, encoding="utf-8") as told:
        last, hung = _followed(runner, told.fileno(), a_test_s)
    if hung:
        with suppress(ProcessLookupError):
            os.kill(runner, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(runner, 0)[1])
    if status < 0:
        with suppress(ProcessLookupError):
            os.killpg(runner, signal.SIGKILL)  # what a hanging test started
    return Run(status in (OK, NO_TESTS_COLLECTED), last, hung)


def _followed(runner: int, news: int, a_test_s: float) -> tuple[str | None, bool]:
    """Waits for the end of a fork, or until a test takes too long: the test begun last, and whether it took too long.

    Waits in steps and counts those without news: a step ends late, not twice, if this process is stopped meanwhile.
    """
    step_s = a_test_s / 100
    ended, told, quiet = os.pidfd_open(runner), b"", 0
    try:
        while quiet < 100:
            ready = select.select([ended, news], [], [], step_s)[0]
            chunk = os.read(news, 65536) if news in ready else b""
            told, quiet = told + chunk, 0 if chunk else quiet + (not ready)
            if ended in ready and not chunk:
                break
    finally:
        os.close(ended)
    begun = told.decode().splitlines()
    return (begun[-1] if begun else None), quiet >= 100


class _Begun:
    """A plugin of pytest: writes the id of each test that begins to a file descriptor."""

    def __init__(self, says: int) -> None:
        self._says = says

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        os.write(self._says, f"{nodeid}\n".encode())


def _run(tree: Path, options: list[str], says: int) -> NoReturn:
    """Runs pytest in a fork, on the code of a tree, without output. The fork ends."""
    status = 1
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        os.chdir(tree)
        for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
            del sys.modules[name]
        sys.path[:] = [str(tree), *(place for place in sys.path if place not in ("", str(HOME)))]
        sys.dont_write_bytecode = True
        status = int(importlib.import_module("pytest").main(options, [_Begun(says)]))
    finally:
        os._exit(status)
