"""Each free port is returned only once on this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.local import ports

ASK = """
import sys
from agents.local import ports
ports.FIRST, ports.LAST = int(sys.argv[1]), int(sys.argv[2])
try:
    print(*ports.free(1), flush=True)
except OSError:
    print("none", flush=True)
sys.stdin.read()
"""


def other(first: int, last: int) -> subprocess.Popen[str]:
    """A process that reserves a port of this range until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(first), str(last)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_process_is_never_given_a_port_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = ports.free(1)
    monkeypatch.setattr(ports, "FIRST", port)
    monkeypatch.setattr(ports, "LAST", port)
    with pytest.raises(OSError, match="no free port"):
        ports.free(1)


def test_another_process_is_given_it_only_when_the_first_has_ended() -> None:
    with other(ports.FIRST, ports.LAST) as first:
        port = int(told(first))
        with other(port, port) as second:
            assert told(second) == "none"
            second.communicate()
        first.communicate()
    with other(port, port) as third:
        assert told(third) == str(port)
        third.communicate()


def test_ports_in_a_row_follow_each_other_and_none_was_given_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = ports.row(3)
    monkeypatch.setattr(ports, "FIRST", first - 1)
    monkeypatch.setattr(ports, "LAST", first + 2)
    with pytest.raises(OSError, match="in a row"):
        ports.row(2)
