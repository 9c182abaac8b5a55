"""A full broker disk, a full worker memory, and missing rights on the file system and the machine."""

import asyncio
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.local.cluster import cluster
from tests.faults import logs
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, Skipped, case
from tests.faults.data import bombs
from tests.faults.report import Report
from tests.faults.tampering import ENDED
from tests.faults.workers import WORKER

DISK_MB = 96
SPARE_BYTES = 4 << 20
"""Bytes that a worker may still allocate when its memory is limited."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of DISK_MB in memory. Raises Skipped."""
    if os.geteuid() != 0:
        raise Skipped("a small file system needs root")
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        raise Skipped("a small file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(file: Path) -> None:
    """Writes until the disk is full."""
    with file.open("wb", buffering=0) as rest:
        try:
            while True:
                rest.write(bytes(64 << 10))
        except OSError:
            return


@case("broker")
def disk_full(room: Room) -> list[Report]:
    """The broker's disk is full, so the broker ends. It starts again once there is room."""
    count = room.times(1, 4)
    with (
        small_disk(room.folder / "disk") as disk,
        cluster(1, data=disk, properties={"log.index.size.max.bytes": "65536"}) as own,
        room.scene("", own) as it,
    ):
        it.load(logs.worlds(room.seed, room.times(20, 60)), seconds=count * 20)
        it.workers.add_two()
        (node,) = own.nodes
        for number in range(count):
            time.sleep(room.pick.uniform(1, 4))
            rest = disk / f"rest-{number}"
            fill(rest)
            it.fault("no room on the broker's disk")
            limit = time.monotonic() + 30
            while node.running() and time.monotonic() < limit:
                time.sleep(0.2)
            assert not node.running(), "the broker goes on with a full disk: nothing was tried"
            rest.unlink()
            node.launch()
            node.wait_ready()
        return [it.conclude(passed=[AWAY, ENDED], exits=(0, 1))]


WRITTEN = 97
CONFINED = f"""
WRITTEN={WRITTEN}
set -e
python=$(readlink -f "$1")
home=${{python%/bin/*}}
mount --bind "$home" /mnt
case $home in /root/*) mount -t tmpfs -o mode=755 none /root; mkdir -p "$home";; esac
mount --move /mnt "$home"
awk '{{ print $2 }}' /proc/self/mounts | while read -r at; do
  case $at in /proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$at";; esac
done
for at in / /tmp "$home" "$PWD"; do if touch "$at/written" 2>/dev/null; then exit $WRITTEN; fi; done
exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs "$@"
"""
"""A command line that runs a worker as nobody, in a mount namespace in which nothing can be written."""


@case("security")
def read_only(room: Room) -> list[Report]:
    """A read-only file system, the user nobody and no capability: a worker needs no more, at its
    start, at work, and when it is killed and started again."""
    confined = ["unshare", "--mount", "sh", "-c", CONFINED, "sh"]
    code = subprocess.run([*confined, sys.executable, "-c", ""], check=False).returncode
    assert code != WRITTEN, "something can still be written"
    if code:
        raise Skipped("mounts of one's own need root, unshare and setpriv")
    count = room.times(1, 5)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(12, 30)), seconds=count * 4)
        for _ in range(2):
            it.workers.add(command=[*confined, *WORKER])
        for number in range(count):
            it.workers.until_ready()
            worker = it.workers.all[number % 2]
            status = Path(f"/proc/{worker.pid}/status").read_text()
            assert re.search(r"Uid:\s65534\s65534\s65534", status), status
            assert re.search(r"CapEff:\s0+\n", status), status
            it.fault("kill -9 of one who may do nothing")
            it.workers.kill(worker)
            time.sleep(room.pick.uniform(1, 3))
        return [it.conclude()]


@case("processes")
def memory_limit(room: Room) -> list[Report]:
    """A worker has only a few MB left when a batch comes that decompresses to 20 MB: it ends by
    itself, and the next one, without the limit, continues."""
    count = room.times(2, 10)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(15, 60)), seconds=count * 10)
        worker = it.workers.add()
        for number in range(count):
            it.workers.until_ready()
            if number:  # it has taken that batch, and has room for another since
                time.sleep(2)
                it.workers.remove(worker)
                it.workers.again(worker)
                it.workers.until_ready()
            starts = worker.starts
            it.fault("no more memory for the worker")
            resource.prlimit(worker.pid, resource.RLIMIT_AS, (worker.virtual + SPARE_BYTES,) * 2)
            asyncio.run(bombs(it, [20]))
            limit = time.monotonic() + 30
            while worker.starts == starts:
                assert time.monotonic() < limit, "it went on: it was not starved, or did not notice"
                time.sleep(0.1)
        return [it.conclude(exits=(0, 1), passed=[AWAY, ENDED, "MemoryError"])]
