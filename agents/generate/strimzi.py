"""Generates Strimzi resources: the topics, and the users with their rights.

`python -m agents.generate.strimzi` writes deploy/kubernetes/kafka/strimzi.yaml for the five shipped recipes. A deployment
with its own recipes, prefix or topics to bridge (TRIGGERS_RECIPES, TRIGGERS_PREFIX, TRIGGERS_SOURCES) writes its own file
with `--out FILE`. The API version is v1, of Strimzi 0.49 or later.
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from agents.config.recipes import read
from agents.config.settings import Settings
from agents.connect import sources
from agents.kafka.acls import ROLES, Acl, acls
from agents.kafka.topics import Layout, TopicSpec, required

OUT: Final = Path("deploy/kubernetes/kafka/strimzi.yaml")
MADE: Final = (
    "# Made by `python -m agents.generate.strimzi` from schemas/topics.yaml: do not edit.\n"
)
API: Final = "kafka.strimzi.io/v1"
PARTITIONS: Final = 12
REPLICAS: Final = 3


def documents(
    settings: Settings,
    recipes: Iterable[str],
    layout: Layout,
    cluster: str = "kafka",
    replicas: int = REPLICAS,
    bridged: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """A KafkaTopic for each topic, and a KafkaUser for each role. `bridged`: topics of sources, which a bridge reads."""
    names, read_too = tuple(recipes), tuple(bridged)
    topics = [_topic(spec, cluster, replicas) for spec in required(settings, names, layout)]
    users = [
        _user(settings.prefix + f"triggers-{role}", cluster, acls(role, settings, read_too))
        for role in ROLES
    ]
    return topics + users


def _resource(kind: str, name: str, cluster: str, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {"strimzi.io/cluster": cluster, "app.kubernetes.io/part-of": "storefront-triggers"}
    metadata = {"name": _resource_name(name), "labels": labels}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _resource_name(name: str) -> str:
    """A name that Kubernetes allows. If it differs from Kafka's name, a hash makes it unique."""
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
        return name
    plain = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")
    return f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"


def _topic(spec: TopicSpec, cluster: str, replicas: int) -> dict[str, Any]:
    """A KafkaTopic. With three replicas or more, all but one must have a record before it counts as written."""
    config = dict(spec.config)
    if replicas > 2:
        config["min.insync.replicas"] = str(replicas - 1)
    wanted: dict[str, Any] = {"partitions": spec.partitions, "replicas": replicas, "config": config}
    if _resource_name(spec.name) != spec.name:
        wanted["topicName"] = spec.name
    return _resource("KafkaTopic", spec.name, cluster, wanted)


def _user(name: str, cluster: str, rights: Iterable[Acl]) -> dict[str, Any]:
    """A KafkaUser. Strimzi keeps its password in a secret of the same name."""
    spec = {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {"type": "simple", "acls": list(_acls(rights))},
    }
    return _resource("KafkaUser", name, cluster, spec)


def _acls(rights: Iterable[Acl]) -> Iterator[dict[str, Any]]:
    for right in rights:
        pattern = "prefix" if right.prefixed else "literal"
        resource = {"type": right.resource, "name": right.name, "patternType": pattern}
        kind = {"type": "deny"} if right.denied else {}
        yield {**kind, "resource": resource, "operations": list(right.operations)}


def text(documents: Iterable[dict[str, Any]]) -> str:
    """The resources as YAML."""
    return MADE + yaml.safe_dump_all(documents, sort_keys=False, width=110, explicit_start=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m agents.generate.strimzi", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, metavar="FILE", help=f"({OUT})")
    parser.add_argument(
        "--cluster", default="kafka", metavar="NAME", help="Strimzi's Kafka (kafka)"
    )
    parser.add_argument("--partitions", type=int, default=PARTITIONS, metavar="N")
    parser.add_argument("--facts-partitions", type=int, metavar="M", help="(N)")
    parser.add_argument("--claims-partitions", type=int, metavar="K", help="(M)")
    parser.add_argument("--replicas", type=int, default=REPLICAS, metavar="R")
    args = parser.parse_args()
    settings = Settings.read()
    people = args.facts_partitions or args.partitions
    layout = Layout(args.partitions, people, args.claims_partitions or people)
    names = read(settings.recipes).names
    connected = sources.read(settings.sources) if settings.sources else ()
    bridged = [topic for each in connected for topic in each.topics]
    made = documents(settings, names, layout, args.cluster, args.replicas, bridged)
    args.out.write_text(text(made), encoding="utf-8")


if __name__ == "__main__":
    main()
