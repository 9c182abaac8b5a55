"""`collector --processes`: several processes on one port, each with its figures. They end together."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.local import ports

ROOT = Path(__file__).parents[2]
SOURCES = "sources: [{name: web, kind: segment, keys: [wk]}]\n"
MESSAGE = {"type": "page", "messageId": "m", "anonymousId": "v-1", "writeKey": "wk"}
POSTED = re.compile(r'^triggers_collector_posts_total\{.*?"503"\} (\d+)', re.MULTILINE)
CONNECTIONS = 200


class Running:
    def __init__(self, folder: Path) -> None:
        (self.port,), self.metrics = ports.free(1), ports.row(2)
        (folder / "sources.yaml").write_text(SOURCES)
        given = {"TRIGGERS_KAFKA": "127.0.0.1:1", "TRIGGERS_SOURCES": str(folder / "sources.yaml")}
        listen = ["--listen", f"127.0.0.1:{self.port}", "--metrics", f"127.0.0.1:{self.metrics}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agents", "collector", "--processes", "2", *listen],
            cwd=ROOT,
            env={**os.environ, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        for _ in range(2):
            assert b"the collector is at" in self.process.stdout.readline()

    def post(self) -> int:
        """Posts on a new connection. Without a broker each process answers 503."""
        body = json.dumps(MESSAGE).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/p", data=body)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as fault:
            return fault.code

    def answered(self, number: int) -> int:
        """How many posts a process has answered."""
        address = f"http://127.0.0.1:{self.metrics + number}/metrics"
        with urllib.request.urlopen(address, timeout=20) as answer:
            found = POSTED.search(answer.read().decode())
        return int(found[1]) if found else 0

    def children(self) -> list[int]:
        given = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(word) for word in given.stdout.split()]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.process.terminate()
    made.process.communicate(timeout=30)


def test_two_processes_share_a_port_and_end_together(running: Running) -> None:
    posts = 0
    while not all(running.answered(number) for number in range(2)):
        assert running.post() == 503
        posts += 1
        assert posts < CONNECTIONS, "one process has them all"
    assert sum(running.answered(number) for number in range(2)) == posts
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=30) == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", running.port), timeout=5)


def test_where_one_process_is_killed_all_end_with_a_fault(running: Running) -> None:
    children = running.children()
    assert len(children) == 2
    os.kill(children[0], signal.SIGKILL)
    assert running.process.wait(timeout=30) != 0
    assert running.children() == []
