"""Checks the workers' logs: only errors that a case's faults explain, and no canary."""

import re
from collections.abc import Iterable

from tests.faults.verdict import Verdict

CANARY = "canary"
ALARM = re.compile(r" (ERROR|CRITICAL) |Traceback|^\s+File \"")
SAID = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z [A-Z]+ ")


STARTING = r"Group Coordinator Request failed: .Error 15. GroupCoordinatorNotAvailableError"
"""Logged while a broker creates the topic of the groups' offsets, and when it has just restarted."""


DOUBTED = r"Heartbeat|heartbeat|OffsetCommit|UnknownMemberId|IllegalGeneration|Thread keepalive"
"""Logged by a member that the group has removed."""


LEAVING = r"LeaveGroup"
"""Logged if a connection closes while a worker leaves. The group then waits for its session timeout."""

CLOSING = re.compile(r"group_coordinator Error sending \w+ to node \d+ \[.* closed\]")
"""The same for other requests. Allowed only between a worker's last two lines."""


def logs(text: str, passed: Iterable[str], verdict: Verdict) -> None:
    """Judges log lines. `passed`: patterns of lines that the case's faults explain. A stack belongs to the line above it."""
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
