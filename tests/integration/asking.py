"""A console in a process of its own, and requests to it over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from agents.config.settings import Settings
from tests.integration import viewing


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """An HTTP server at an address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **headers: str) -> Answer:
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def post(self, path: str, given: Any) -> int:
        """The status of the answer to JSON."""
        found = self.send("POST", path, given)
        assert found.status < 400, found
        return found.status

    def taken(self, path: str, given: Any) -> int:
        """As `post`. Repeats it while Kafka does not accept records."""
        end = time.monotonic() + viewing.WITHIN_S
        while (found := self.send("POST", path, given)).status == 503:
            assert time.monotonic() < end, found
            time.sleep(0.2)
        return found.status

    def send(self, method: str, path: str, given: Any = None, **headers: str) -> Answer:
        """The answer to JSON. `_` in the name of a header stands for `-`."""
        body = None if given is None else json.dumps(given).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Content-Type": "application/json"} | named
        request = urllib.request.Request(self.url + path, body, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())


class Console(Site):
    """A console as its own process."""

    def __init__(self, settings: Settings, port: int = 0, **more: str) -> None:
        """`more`: other settings, by their variables."""
        environ = {
            **os.environ,
            **more,
            "TRIGGERS_KAFKA": ",".join(settings.kafka),
            "TRIGGERS_PREFIX": settings.prefix,
            "TRIGGERS_REDIS": settings.redis or "",
        }
        command = [sys.executable, "-m", "agents", "console", "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        super().__init__(self.process.stdout.readline().decode().split()[-1].rstrip("/"))

    def ask(self, id: str) -> Answer:
        return self.get(f"/api/ask?id={urllib.parse.quote(id)}")

    def until(self, over: str, holds: Callable[[Any], bool]) -> Any:
        """The figures, once `holds` is true for them."""
        end = time.monotonic() + viewing.WITHIN_S
        while not holds(found := self.get(f"/api/overview?over={over}").json):
            assert time.monotonic() < end, found
            time.sleep(0.2)
        return found

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(60)


@contextmanager
def console(settings: Settings, port: int = 0, /, **more: str) -> Iterator[Console]:
    made = Console(settings, port, **more)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.end()


@contextmanager
def whole(settings: Settings, **more: str) -> Iterator[Console]:
    """A console with a view, once both have read everything."""
    with console(settings, 0, **more) as made:
        made.until(
            "day", lambda found: found["kafka"]["behind"] == 0 and found["redis"]["behind"] == 0
        )
        yield made
