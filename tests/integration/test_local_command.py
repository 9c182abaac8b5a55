"""The command local, with real servers: its output, and its cleanup."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer
from redis import Redis

from agents.local import ports

LOCAL = [sys.executable, "-m", "agents", "local"]
KEEP = """
import os
import pty
from kafka.admin import KafkaAdminClient, NewTopic
from redis import Redis
admin = KafkaAdminClient(bootstrap_servers=os.environ["TRIGGERS_KAFKA"])
admin.create_topics([NewTopic("kept", 1, 1)])
Redis.from_url(os.environ["TRIGGERS_REDIS"]).set("kept", "yes")
"""
LOOK = """
import os
import pty
from kafka.admin import KafkaAdminClient
from redis import Redis
admin = KafkaAdminClient(bootstrap_servers=os.environ["TRIGGERS_KAFKA"])
print(admin.list_topics(), Redis.from_url(os.environ["TRIGGERS_REDIS"]).get("kept"))
"""
COUNT = """
import os, signal, sys, time
os.setpgid(0, 0)  # now the terminal leaves it out: all that comes was forwarded
came = []
signal.signal(signal.SIGINT, lambda *_: came.append(1))
print("started", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.1)
for _ in range(10):
    time.sleep(0.1)
print(len(came), "came")
"""
"""It counts until a second after a file has come, which says that Ctrl-C was pressed."""


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The running command, with its temporary files below the folder."""
    process = subprocess.Popen(
        [*LOCAL, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    """The variables of both lines, which are printed once both servers answer."""
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    assert all(line.startswith("export ") for line in lines)
    return dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    found = psutil.Process(process.pid).children(recursive=True)
    assert {each.name() for each in found} >= {"java", "redis-server"}
    return found


def servers(processes: list[psutil.Process]) -> dict[str, psutil.Process]:
    return {each.name(): each for each in processes}


def all_gone(processes: list[psutil.Process], folder: Path, within: float = 60) -> bool:
    """Whether the processes and their files are gone."""
    until = time.monotonic() + within
    while any(alive(each) for each in processes) or list(folder.iterdir()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_addresses_are_printed_and_a_signal_ends_the_processes(
    tmp_path: Path, number: signal.Signals
) -> None:
    with started(tmp_path) as process:
        found = exports(process)
        assert list(found) == ["TRIGGERS_KAFKA", "TRIGGERS_REDIS"]
        KafkaConsumer(bootstrap_servers=found["TRIGGERS_KAFKA"]).close()
        assert Redis.from_url(found["TRIGGERS_REDIS"]).ping()
        running = family(process)
        process.send_signal(number)
        out, _ = process.communicate(timeout=90)
        assert (process.returncode, out) == (0, "")
        assert all_gone(running, tmp_path)


def test_both_end_when_it_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        exports(process)
        running = family(process)
        process.kill()
        process.wait()
        assert all_gone(running, tmp_path)


def test_the_command_ends_when_a_server_does(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        exports(process)
        running = family(process)
        servers(running)["redis-server"].kill()
        _, printed = process.communicate(timeout=90)
        assert process.returncode == 1
        assert "Redis ended with -9" in printed
        assert all_gone(running, tmp_path)


def test_a_signal_while_they_start_ends_them(tmp_path: Path) -> None:
    with started(tmp_path, "--no-redis") as process:
        until = time.monotonic() + 90
        while not (running := psutil.Process(process.pid).children()):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.terminate()
        out, printed = process.communicate(timeout=90)
        assert (process.returncode, out) == (130, "")
        assert "interrupted" in printed
        assert all_gone(running, tmp_path)


def test_a_commands_signals_and_exit_status_pass_through(tmp_path: Path) -> None:
    script = "trap 'exit 42' TERM; echo started; while :; do sleep 0.1; done"
    with started(tmp_path, "--no-redis", "--", "sh", "-c", script) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        running = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        assert process.wait(90) == 42
        assert all_gone(running, tmp_path)


def test_data_is_kept_in_the_given_folder(tmp_path: Path) -> None:
    options = [*LOCAL, "--data", str(tmp_path), "--", sys.executable, "-c"]
    assert subprocess.run([*options, KEEP], timeout=180).returncode == 0
    done = subprocess.run([*options, LOOK], timeout=180, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "['kept'] b'yes'\n"


def test_without_a_data_folder_nothing_is_kept_and_a_port_may_be_given(tmp_path: Path) -> None:
    port = str(ports.free(1)[0])
    with started(tmp_path, "--port", port) as process:
        found = exports(process)
        assert found["TRIGGERS_KAFKA"] == f"127.0.0.1:{port}"
        taken = subprocess.run([*LOCAL, "--port", port], capture_output=True, timeout=180)
        assert taken.returncode == 1
        said = f"port {port} is in use: choose another, or none for a free one\n"
        assert taken.stderr.decode() == said


def test_a_command_that_does_not_exist_is_named_before_anything_starts() -> None:
    done = subprocess.run([*LOCAL, "--", "no-such-thing"], capture_output=True, timeout=180)
    assert done.returncode == 127
    assert b"no-such-thing" in done.stderr


def test_ctrl_c_is_the_terminals_to_send_and_is_not_sent_twice(tmp_path: Path) -> None:
    file = tmp_path / "pressed"
    command = [*LOCAL, "--no-redis", "--", sys.executable, "-c", COUNT, str(file)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, command)
    said, pressed = b"", 0
    with suppress(OSError):  # the terminal's end, once all have closed theirs
        while data := os.read(terminal, 1000):
            said += data
            if b"started" in said and not pressed:
                pressed = os.write(terminal, b"\x03")
                file.touch()
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert pressed
    assert b"0 came" in said
