"""A server process on this machine. It ends with the process that started it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

READY_S: Final = 120.0
GOODBYE_S: Final = 10.0
"""Time after SIGTERM. A server that still runs then is killed."""

TAIL: Final = 25
LEASH: Final = 'read _; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"'
"""A shell that kills the server when the starter ends, even if that was killed: its `read` ends, because nobody holds the
other end of the pipe."""


class LocalFailed(Exception):
    """A server cannot be started, or has ended. The message has the end of its log."""


class Process:
    """A server: `start` starts it, `stop` or `kill` end it, and it can be started again with the same arguments.

    `litter`: a folder that is deleted if the starter is killed before it can delete it itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        ready: Callable[["Process"], bool],
        litter: Path | None = None,
    ) -> None:
        self.name, self.command, self.log, self.litter = name, list(command), log, litter
        self._ready = ready
        self._started: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def pid(self) -> int:
        """The process id of the last start. Raises LocalFailed before the first one."""
        if self._started is None:
            raise LocalFailed(f"{self.name} has not been started")
        return self._started.pid

    def running(self) -> bool:
        if self._started is not None and self._started.poll() is None:
            return True
        self._unleash()  # another process may soon have this process id
        return False

    def launch(self) -> None:
        """Starts the server unless it runs. It does not wait until the server is ready."""
        if self.running():
            return
        with self.log.open("ab") as log:
            self._log_from = log.tell()
            self._started = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only the starter, which ends its servers
            )
        self._leash = subprocess.Popen(
            ["sh", "-c", LEASH, "leash", str(self.pid), str(self.litter or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_ready(self) -> None:
        """Waits until it is ready. Raises LocalFailed if it ends, or is not ready within READY_S."""
        until = time.monotonic() + READY_S
        while not self._ready(self):
            self.check()
            if time.monotonic() > until:
                raise LocalFailed(f"{self.name} is not ready after {READY_S:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def start(self) -> None:
        """Starts it and waits until it is ready. Raises LocalFailed."""
        self.launch()
        self.wait_ready()

    def check(self) -> None:
        """Checks that it runs. Raises LocalFailed if it has ended."""
        if not self.running():
            code = self._started.returncode if self._started else None
            raise LocalFailed(f"{self.name} ended with {code}:\n{self.tail()}")

    def terminate(self) -> None:
        """Sends SIGTERM, and does not wait."""
        if self.running():
            self.thaw()
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, within: float = GOODBYE_S) -> None:
        """Sends SIGTERM and waits; sends SIGKILL if it still runs after `within` seconds."""
        self.terminate()
        if self._started is not None:
            try:
                self._started.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
        self._unleash()

    def kill(self) -> None:
        """Sends SIGKILL and waits: the server cannot write anything or close its connections."""
        if self.running():
            os.kill(self.pid, signal.SIGKILL)
        if self._started is not None:
            self._started.wait()
        self._unleash()

    def freeze(self) -> None:
        """Sends SIGSTOP and waits until it stands still: its sockets stay open, and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """Sends SIGCONT: it runs again."""
        os.kill(self.pid, signal.SIGCONT)

    def _unleash(self) -> None:
        """Ends the shell that watches the starter."""
        if self._leash is not None:
            self._leash.kill()
            self._leash.communicate()
            self._leash = None

    def output(self) -> str:
        """Its log since its last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.output().splitlines()[-TAIL:])
