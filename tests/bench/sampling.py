"""Runs a worker and samples the stacks of its threads: `python -m tests.bench.sampling FILE [COMMAND …]`.

The file is rewritten every two seconds: for each function the share of samples in which it was on top, and
in which it was anywhere on the stack. Waiting threads (select, locks) and imports are left out.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from agents.__main__ import main

EVERY_S: Final = 0.004
SWITCH_S: Final = 0.000_01
"""A short switch interval lets the sampler run at once. By default it would wait up to 5 ms or until a thread waits
for a socket, and nearly all samples would show sockets."""

WAITING: Final = (
    "selectors.py",
    "threading.py",
    "socketserver.py",
    "queue.py",
    "thread.py",
    "sampling.py",
)
SHOWN: Final = 60


def place(frame: FrameType) -> str:
    path = frame.f_code.co_filename.split("site-packages/")[-1].split("python3.11/")[-1]
    return f"{path.removeprefix(str(Path.cwd()) + '/')}:{frame.f_code.co_name}"


def frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def sample(file: Path) -> None:
    top: Counter[str] = Counter()
    within: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    told = time.monotonic()
    sys.setswitchinterval(SWITCH_S)
    while True:
        time.sleep(EVERY_S)
        for frame in sys._current_frames().values():
            if frame.f_code.co_filename.endswith(WAITING):
                continue
            stack = {place(each) for each in frames(frame)}
            if not any("importlib" in each for each in stack):
                top[place(frame)] += 1
                lines[f"{place(frame)}:{frame.f_lineno}"] += 1
                within.update(stack)
        if time.monotonic() > told + 2:
            told = time.monotonic()
            file.write_text(report(top, within, lines))


def report(*counts: Counter[str]) -> str:
    total = counts[0].total()
    titles = ("on top", "anywhere on the stack", "lines on top")
    parts = [f"{total} samples\n"]
    for title, count in zip(titles, counts, strict=True):
        parts.append(f"\n{title}\n")
        parts += [f"{n / total:7.1%} {name}\n" for name, n in count.most_common(SHOWN)]
    return "".join(parts)


if __name__ == "__main__":
    threading.Thread(target=sample, args=(Path(sys.argv[1]),), daemon=True).start()
    sys.exit(main(sys.argv[2:] or ["worker"]))
