"""How `make mutants` runs tests: what fails, what hangs, and what only waited."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.mutants.tree import HOME

CODE = """
import os, time
from pathlib import Path

def test_passes(): pass
def test_fails(): assert 0
def test_hangs(): time.sleep(60)
def test_waits():
    Path("pid").write_text(str(os.getpid()))
    time.sleep(0.5)
"""
RUN = """
import sys
from pathlib import Path
from tests.mutants import runs

runs.LIBRARIES = ()
for only in sys.argv[2:]:
    without = [name for name in ("passes", "fails", "hangs", "waits") if name not in only]
    deselected = [f"test_it.py::test_{name}" for name in without]
    print(*runs.run(Path(sys.argv[1]), ["test_it.py"], deselected, a_test_s=1.5))
"""


def started(folder: Path, *only: str) -> "subprocess.Popen[str]":
    """Runs the tests that each text names, in a process of its own."""
    (folder / "test_it.py").write_text(CODE)
    command = [sys.executable, "-c", RUN, str(folder), *only]
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # starts and ends at once
    return subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True, env=bare)


def test_run_names_the_test_that_failed_or_hung(tmp_path: Path) -> None:
    cases = {
        "passes waits": "True test_it.py::test_waits False",
        "passes fails waits": "False test_it.py::test_fails False",
        "hangs waits": "False test_it.py::test_hangs True",
        "none": "True None False",
    }
    found = started(tmp_path, *cases).communicate()[0].splitlines()
    assert dict(zip(cases, found, strict=True)) == cases


def test_time_of_a_test_stands_still_while_the_run_is_stopped(tmp_path: Path) -> None:
    """Somebody else needs the machine for longer than a test may take."""
    run, pid = started(tmp_path, "waits"), tmp_path / "pid"
    while not pid.exists() or not pid.read_text():
        time.sleep(0.01)
    forks = (run.pid, int(pid.read_text()))
    for each in forks:
        os.kill(each, signal.SIGSTOP)
    time.sleep(2)
    for each in forks:
        os.kill(each, signal.SIGCONT)
    assert run.communicate()[0].strip() == "True test_it.py::test_waits False"
