"""A copy of the repository below .cache, in which code is changed and tests run."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from tests.mutants.sites import Mutant

HOME: Final = Path(__file__).parents[2]
TREE: Final = HOME / ".cache" / "mutants" / "tree"
A_TEST_S: Final = 240
"""Seconds for a test, and for all imports before the first one. A longer one counts as hanging: the change was caught.

On a busy machine a test with all generated input takes 80 s. Were one as slow as the limit, every change of a line that
it runs would count as caught.
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


def copy() -> None:
    """Recreates the copy at each run: all files that git tracks, and the compiled part if built."""
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=HOME)
    built = [str(file.relative_to(HOME)) for file in HOME.glob("stream/native/*.so")]
    for name in {*listed.decode().splitlines(), *built}:
        if (HOME / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOME / name, TREE / name)


@contextmanager
def changed(mutant: Mutant) -> Iterator[None]:
    """Applies a change to the tree within the block."""
    file = TREE / mutant.file
    source = file.read_text()
    file.write_text(mutant.applied(source))
    try:
        yield
    finally:
        file.write_text(source)


def pytest(tests: list[str], *options: str) -> int:
    """Runs tests of the tree up to the first failure; returns pytest's status, 0 if none failed.

    A fork of this process runs them, so that no run imports the libraries again.
    """
    for library in LIBRARIES:
        importlib.import_module(library)
    runner = os.fork()
    if not runner:
        _run(["-q", "-x", "-p", "no:cacheprovider", *options, *tests])
    status = os.waitstatus_to_exitcode(os.waitpid(runner, 0)[1])
    if status < 0:
        with suppress(ProcessLookupError):
            os.killpg(runner, signal.SIGKILL)  # what a hanging test started
    return status


class _Alarm:
    """A plugin of pytest: a signal ends the run at a test that hangs."""

    @staticmethod
    def pytest_runtest_logstart() -> None:
        signal.alarm(A_TEST_S)


def _run(options: list[str]) -> NoReturn:
    """Runs pytest in a fork, on the code of the tree, without output. The fork ends."""
    status = 1
    try:
        os.setpgid(0, 0)
        signal.alarm(A_TEST_S)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        os.chdir(TREE)
        for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
            del sys.modules[name]
        sys.path[:] = [str(TREE), *(place for place in sys.path if place not in ("", str(HOME)))]
        sys.dont_write_bytecode = True
        status = int(importlib.import_module("pytest").main(options, [_Alarm()]))
    finally:
        os._exit(status)
