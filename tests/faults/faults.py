"""Lasting faults: each is a context manager that ends the fault with its block, also after an error."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from agents.local.node import Node
from tests.faults.cases import Skipped
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene
from tests.faults.workers import Worker

STOP_S = 30.0


@contextmanager
def stopped(it: Scene, worker: Worker) -> Iterator[None]:
    """SIGSTOP of a worker."""
    it.fault(f"SIGSTOP of worker {worker.slot}")
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker.pid, signal.SIGCONT)


@contextmanager
def frozen(it: Scene, node: Node) -> Iterator[None]:
    """SIGSTOP of a broker. Its sockets stay open, and it does not answer."""
    it.fault(f"SIGSTOP of broker {node.number}")
    node.freeze()
    try:
        yield
    finally:
        node.thaw()


@contextmanager
def away(it: Scene, nodes: Sequence[Node], *, killed: bool) -> Iterator[None]:
    """Brokers stopped with SIGKILL or SIGTERM, and started again."""
    numbers = ", ".join(str(node.number) for node in nodes)
    it.fault(f"{'kill -9' if killed else 'SIGTERM'} of broker {numbers}")
    try:
        for node in nodes:
            node.kill() if killed else node.stop(STOP_S)
        yield
    finally:
        for node in nodes:
            node.launch()
        for node in nodes:
            node.wait_ready()


@contextmanager
def hole(it: Scene, proxy: Proxy, stalled: bool, mute: bool) -> Iterator[None]:
    """No data reaches the broker (`stalled`), or comes from it (`mute`)."""
    it.fault(f"black hole{' to the broker' * stalled}{' from the broker' * mute}")
    proxy.stalled, proxy.mute = stalled, mute
    try:
        yield
    finally:
        proxy.stalled = proxy.mute = False


@contextmanager
def slowed(it: Scene, proxy: Proxy, latency: float = 0, rate: float = 0) -> Iterator[None]:
    """`latency` s each way, `rate` bytes a second."""
    it.fault(f"latency {latency} s, {rate or 'any'} bytes a second")
    proxy.latency, proxy.rate = latency, rate
    try:
        yield
    finally:
        proxy.latency = proxy.rate = 0


@contextmanager
def dropped(it: Scene, port: int, percent: int) -> Iterator[None]:
    """Drops `percent` of the packets to and from this port, with an nft table of its own. Raises Skipped."""
    if os.geteuid() != 0 or not shutil.which("nft"):
        raise Skipped("nft and root are needed (apt-get install nftables)")
    it.fault(f"{percent} % of the packets dropped")
    table = f"storefront_faults_{port}"
    some = "" if percent == 100 else f"numgen random mod 100 < {percent} "
    rules = "".join(f"tcp {way} {port} {some}drop\n" for way in ("dport", "sport"))
    chain = f"chain input {{\ntype filter hook input priority 0\n{rules}}}"
    made = f"table inet {table} {{\n{chain}\n}}\n"
    subprocess.run(["nft", "-f", "-"], input=made, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", table], check=True)
