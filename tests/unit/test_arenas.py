"""The allocator of arenas, each time in a process of its own: nothing takes it out of a process again."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.worker import malloc

ROOT = Path(__file__).parents[2]
GRANTED = Path("/sys/kernel/mm/transparent_hugepage/enabled")

pytestmark = pytest.mark.skipif(malloc.ARENAS is None, reason="no C compiler")

BEGIN = """
import re
from pathlib import Path
from agents.worker import malloc

def mib(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/smaps_rollup").read_text())[1]) / 1024

malloc.keep()
"""


def said(program: str) -> list[float]:
    """The numbers that a process prints which uses the allocator."""
    command = [sys.executable, "-c", BEGIN + program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return [float(number) for number in done.stdout.split()]


def test_small_objects_lie_in_huge_pages() -> None:
    if not GRANTED.exists() or "[never]" in GRANTED.read_text():
        pytest.skip("this kernel grants no huge pages")
    (huge,) = said("kept = [[number] for number in range(500_000)]\nprint(mib('AnonHugePages'))")
    assert huge > 16


def test_free_memory_is_kept_for_the_next_batch_and_given_back_after_a_restore() -> None:
    program = """
batch = [[number] for number in range(2_000_000)]
full = mib("Rss")
batch = None
kept = mib("Rss")
malloc.trim()
print(full, kept, mib("Rss"))
"""
    full, kept, left = said(program)
    assert full - kept > 60, "64 free arenas are kept, the others are not"
    assert kept - left > 40


def test_what_was_freed_is_used_again_and_holds_what_was_put_there() -> None:
    program = """
def deep(level):
    return level and 1 + deep(level - 1)

sizes = []
for round in range(6):
    batch = {number: (number, str(number)) for number in range(300_000)}
    sizes.append(mib("Rss"))
    assert all(value == (key, str(key)) for key, value in batch.items())
    assert deep(900) == 900, "frames are in memory of another size"
    batch = None
    if round % 2:
        malloc.trim()
print(sizes[0], sizes[-1])
"""
    first, last = said(program)
    assert last - first < 16
