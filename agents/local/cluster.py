"""A Kafka cluster on this machine: real brokers, on loopback only. It ends with the block."""

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from agents.local import jars
from agents.local.node import Node, Ports, format_data
from agents.local.ports import free, is_free
from agents.local.process import LocalFailed

NONE: Final[Mapping[str, str]] = {}


def quiet(_: str) -> None:
    """For callers that report nothing while jars are fetched."""


@dataclass(frozen=True)
class Cluster:
    """A cluster of ready nodes, each of which can be stopped, killed, frozen and started again."""

    nodes: tuple[Node, ...]

    @property
    def bootstrap(self) -> str:
        return ",".join(node.address for node in self.nodes)


@contextmanager
def kafka(
    *,
    port: int | None = None,
    data: Path | None = None,
    properties: Mapping[str, str] = NONE,
    say: Callable[[str], None] = quiet,
) -> Iterator[str]:
    """One broker's address, `127.0.0.1:port`, while the block runs. Raises LocalFailed."""
    with cluster(1, port=port, data=data, properties=properties, say=say) as running:
        yield running.bootstrap


@contextmanager
def cluster(
    count: int = 1,
    *,
    port: int | None = None,
    data: Path | None = None,
    properties: Mapping[str, str] = NONE,
    say: Callable[[str], None] = quiet,
) -> Iterator[Cluster]:
    """So many brokers. Raises LocalFailed.

    `port` is the first one's (a free one); `data` is a folder that is kept (nothing is);
    `properties` come after those of node.py and may give the listener CLIENT a security of its own.
    """
    if port is not None and not is_free(port):
        raise LocalFailed(f"port {port} is taken")
    jars.kept(say)
    with TemporaryDirectory(prefix="kafka-", ignore_cleanup_errors=True) as temporary:
        litter = None if data else Path(temporary)
        nodes = _nodes(count, port, data or Path(temporary), litter)
        voters = ",".join(f"{node.number}@127.0.0.1:{node.ports.controller}" for node in nodes)
        for node in nodes:
            node.configure(voters, min(count, 3), properties)
        try:
            format_data(nodes, _identity())
            for node in nodes:
                node.launch()
            for node in nodes:
                node.wait_ready()
            yield Cluster(nodes)
        finally:
            for node in nodes:
                node.terminate()
            for node in nodes:
                node.stop()


def _nodes(count: int, port: int | None, home: Path, litter: Path | None) -> tuple[Node, ...]:
    given = [port] if port is not None else []
    numbers = iter([*given, *free(3 * count - len(given))])
    return tuple(
        Node(
            number,
            Ports(next(numbers), next(numbers), next(numbers)),
            home / f"kafka-{number}",
            litter,
        )
        for number in range(1, count + 1)
    )


def _identity() -> str:
    """22 characters that stand for 16 bytes, the first none that the tool takes for an option."""
    return base64.urlsafe_b64encode(b"storefront" + secrets.token_bytes(6)).decode()[:22]
