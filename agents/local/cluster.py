"""A Kafka cluster on this machine: real brokers on loopback, for the duration of a `with` block."""

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
    """Reports nothing while jars are downloaded."""


@dataclass(frozen=True)
class Cluster:
    """A cluster of ready nodes. Each can be stopped, killed, frozen and started again."""

    nodes: tuple[Node, ...]

    @property
    def bootstrap(self) -> str:
        """The addresses of all nodes, with commas between."""
        return ",".join(node.address for node in self.nodes)


@contextmanager
def kafka(
    *,
    port: int | None = None,
    data: Path | None = None,
    properties: Mapping[str, str] = NONE,
    say: Callable[[str], None] = quiet,
) -> Iterator[str]:
    """A cluster of one broker; yields its address, `127.0.0.1:port`. Raises LocalFailed."""
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
    """A cluster of `count` brokers. Raises LocalFailed.

    `port`: that of the first broker; None: a free one · `data`: a folder that keeps the data; None: the data is deleted ·
    `properties`: they override those of node.py, and may secure the listener CLIENT · `say`: gets messages for people.
    """
    if port is not None and not is_free(port):
        raise LocalFailed(f"port {port} is in use: choose another, or none for a free one")
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
                if data:
                    node.terminate()
                else:  # what is deleted need not be closed
                    node.kill()
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
    """A cluster id: 16 bytes as 22 characters. It never begins with `-`, which the tool would read as an option."""
    return base64.urlsafe_b64encode(b"storefront" + secrets.token_bytes(6)).decode()[:22]
