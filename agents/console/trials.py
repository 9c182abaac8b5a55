"""Trials of a draft: a backtest of the last hours with the recipes in force, and one with the draft.

A trial runs in a process of its own (agents/compare/trial.py), so that the page stays responsive. There is one at
a time: a new one stops the last. Its files contain personal data, so the next trial and the end of the console
delete them.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

HOURS: Final = (1, 6, 24, 72, 168)
"""How far back (hours) a trial may go. Kafka keeps the events for seven days by default."""

State = Literal["running", "done", "failed"]
STEPS: Final = ("reading the log", "in force", "your draft", "writing the report")
"""The steps of a trial, in order."""

ERROR_TAIL: Final = 2_000
"""Characters of a failed trial's error output that are kept."""

_line: Final = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass
class Trial:
    """A trial. `doing`: one of STEPS · `done`: progress of that step, 0 to 1."""

    id: str
    hours: int
    folder: Path
    state: State = "running"
    doing: str = STEPS[0]
    done: float = 0.0
    fault: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def page(self) -> Path:
        return self.folder / "compare.html"

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "hours": self.hours,
            "state": self.state,
            "doing": self.doing,
            "step": STEPS.index(self.doing) + 1 if self.doing in STEPS else 1,
            "steps": len(STEPS),
            "done": self.done,
            "fault": self.fault,
        }


class Trials:
    """Runs trials, one at a time. `environ`: environment of their processes, with the settings."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._trial: Trial | None = None
        self._following: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def get(self, id: str) -> Trial | None:
        return self._trial if self._trial and self._trial.id == id else None

    async def start(self, before: str, after: str, hours: int) -> Trial:
        """Starts a trial of two valid recipes files, given as text. Raises OSError."""
        async with self._lock:
            await self.stop()
            folder = Path(tempfile.mkdtemp(prefix="triggers-trial-"))
            trial = Trial(secrets.token_hex(8), hours, folder)
            self._trial = trial
            for name, text in (("before", before), ("after", after)):
                (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
            trial.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "agents.compare.trial", "--hours", str(hours), str(folder),
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=self._environ,
            )  # fmt: skip
            self._following = asyncio.create_task(_follow(trial, trial.process))
            return trial

    async def stop(self) -> None:
        """Stops the running trial, and deletes its files."""
        trial, self._trial = self._trial, None
        if trial is None:
            return
        if trial.process is not None and trial.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                trial.process.kill()
        if self._following is not None:
            await self._following
        await asyncio.to_thread(shutil.rmtree, trial.folder, ignore_errors=True)


async def _follow(trial: Trial, process: asyncio.subprocess.Process) -> None:
    """Reads the progress of the trial until it ends."""
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    async for line in process.stdout:
        with contextlib.suppress(msgspec.MsgspecError):
            progress = _line(line)
            trial.doing, trial.done = progress["doing"], progress["done"]
    errors_text = (await errors).decode("utf-8", "replace").strip()
    if await process.wait() == 0:
        trial.state, trial.done = "done", 1.0
    else:
        trial.state, trial.fault = "failed", errors_text[-ERROR_TAIL:] or "the trial was stopped"
