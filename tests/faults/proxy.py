"""A TCP proxy between workers and a broker: it delays, slows, cuts, and stalls data in either direction."""

import random
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from agents.local import ports
from agents.local.cluster import Cluster, cluster

CHUNK = 65_536
LINGER = struct.pack("ii", 1, 0)
"""close() with it sends RST."""


class Proxy:
    """Switches: `stalled` (no data reaches the broker) · `mute` (no data of the broker comes
    back) · `latency` s each way · `rate` bytes a second, each way of a connection."""

    def __init__(self, port: int, to: int) -> None:
        self.stalled = self.mute = False
        self.latency = 0.0
        self.rate = 0.0
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", port), backlog=200)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        while self.stalled and not self._over:
            time.sleep(0.05)
        try:
            broker = socket.create_connection(("127.0.0.1", self._to), timeout=5)
        except OSError:
            client.close()
            return
        self._pairs.append((client, broker))
        for one, other, way in ((client, broker, "stalled"), (broker, client, "mute")):
            threading.Thread(target=self._carry, args=(one, other, way), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, way: str) -> None:
        """Forwards data in one direction. Stalled data waits, because TCP would send it again."""
        try:
            while not self._over:
                if not select.select([one], [], [], 0.2)[0]:
                    continue
                data = one.recv(CHUNK if not self.rate else 2048)
                if not data:
                    break
                if self.latency:
                    time.sleep(self.latency)
                if self.rate:
                    time.sleep(len(data) / self.rate)
                while getattr(self, way) and not self._over:
                    time.sleep(0.02)
                other.sendall(data)
        except (OSError, ValueError):
            pass
        for each in (one, other):
            each.close()

    def reset(self, share: float, pick: random.Random) -> int:
        """Resets a share of the connections. Returns their number."""
        victims = [pair for pair in self._pairs if pick.random() < share]
        self._pairs = [pair for pair in self._pairs if pair not in victims]
        for pair in victims:
            for each in pair:
                try:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        return len(victims)

    def close(self) -> None:
        self._over = True
        self._listener.close()
        self.reset(1, random.Random(0))


@contextmanager
def proxied(properties: Mapping[str, str] = {}) -> Iterator[tuple[Cluster, Proxy, str]]:
    """(a broker, the proxy, the address for workers). The harness connects directly."""
    client, broker, controller, far, near = ports.free(5)
    listeners = f"CLIENT://127.0.0.1:{client},BROKER://127.0.0.1:{broker}"
    given = {
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT",
        "listeners": f"{listeners},FAR://127.0.0.1:{far},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{listeners},FAR://127.0.0.1:{near}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        **properties,
    }
    with cluster(1, port=client, properties=given) as own:
        proxy = Proxy(near, far)
        try:
            yield own, proxy, f"127.0.0.1:{near}"
        finally:
            proxy.close()
