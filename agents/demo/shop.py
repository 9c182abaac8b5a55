"""Runs the demo shop, a worker and the console, until Ctrl-C."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from agents.demo.session import DemoFailed, DemoSession
from agents.demo.workers import WorkerProcesses

ADDRESS: Final = "127.0.0.1:8090"
LOOK_S: Final = 0.5
GOODBYE_S: Final = 10.0


def show(session: DemoSession, folder: Path, console: Console) -> None:
    """Runs until Ctrl-C. Raises DemoFailed, WorkerFailed, and KeyboardInterrupt when it ends."""
    session.make_topics()
    with WorkerProcesses(1, session.environ(), folder) as workers:
        workers.wait()
        serving = subprocess.Popen(
            [sys.executable, "-m", "agents", "console", "--listen", ADDRESS],
            env=workers.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            console.print(f"the demo shop   http://{ADDRESS}/shop/", style="bold green")
            console.print(f"and the console http://{ADDRESS}/   (Ctrl-C ends both)", style="bold")
            while serving.poll() is None:
                workers.check()
                time.sleep(LOOK_S)
            raise DemoFailed(f"the console ended with {serving.returncode}")
        finally:
            serving.terminate()
            try:
                serving.wait(GOODBYE_S)
            except subprocess.TimeoutExpired:
                serving.kill()
                serving.wait()
