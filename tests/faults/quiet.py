"""What the workers' logs may say: the errors that a case's faults explain, and no canary."""

import re
from collections.abc import Iterable

from tests.faults.verdict import Verdict

CANARY = "canary"
ALARM = re.compile(r" (ERROR|CRITICAL) |Traceback|^\s+File \"")
SAID = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z [A-Z]+ ")


STARTING = r"Group Coordinator Request failed: .Error 15. GroupCoordinatorNotAvailableError"
"""Said while a broker makes the topic of the groups' offsets, and when it has just come back."""


DOUBTED = r"Heartbeat|heartbeat|OffsetCommit|UnknownMemberId|IllegalGeneration|Thread keepalive"
"""Said by a member that the group has cast out."""


LEAVING = r"LeaveGroup"
"""A connection that closes while a worker leaves: the group notices by its session."""

CLOSING = re.compile(r"group_coordinator Error sending \w+ to node \d+ \[.* closed\]")
"""The same, of what else it had asked: explained between a worker's last two lines and nowhere else."""


def logs(text: str, passed: Iterable[str], verdict: Verdict) -> None:
    """`passed`: patterns of lines that the faults of the case explain. A stack goes with the line above it."""
    allowed = [re.compile(pattern) for pattern in (*passed, STARTING, LEAVING)]
    explained = stopping = False
    for line in text.splitlines():
        if line.startswith("fault:"):
            continue
        if CANARY in line:
            verdict.broken["quiet"].append(f"a canary: {line}")
        if " triggers.worker " in line:
            stopping = line.endswith(" stopping")
        fits = any(pattern.search(line) for pattern in allowed)
        fits = fits or (stopping and CLOSING.search(line) is not None)
        if SAID.match(line):
            explained = fits
        if ALARM.search(line) and not fits and not explained:
            verdict.broken["quiet"].append(line)
