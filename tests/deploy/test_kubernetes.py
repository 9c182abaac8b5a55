"""The manifests: rendered by Kustomize, accepted by the schemas, and consistent with the service."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agents.config.recipes import read
from agents.config.settings import Settings
from agents.connect import sources
from agents.generate import prometheus_rules, strimzi
from agents.kafka.topics import Layout
from tests import node
from tests.deploy import container
from tests.deploy.tools import DEPLOY, ROOT, built, run

HOME = DEPLOY / "kubernetes"
RENDERED = [HOME, HOME / "example"]
SCHEMAS = "1.34"
CUSTOM = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1")
FILES = [HOME / "base" / f"{name}.yaml" for name in ("worker", "console", "eraser")]
FILES += [HOME / "base" / f"{name}.yaml" for name in ("scaling", "monitoring")]
FILES += [HOME / "base" / "network.yaml", HOME / "sender" / "sender.yaml"]
FILES += [HOME / "bridge" / "bridge.yaml"]
FILES += [HOME / "collector" / "collector.yaml"]

Resource = dict[str, Any]


def load(file: Path) -> list[Resource]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


EXAMPLE_SOURCES = HOME / "example" / "sources.yaml"
RESOURCES = [resource for file in FILES for resource in load(file)]
PODS = [each for each in RESOURCES if each["kind"] in ("StatefulSet", "Deployment")]
KAFKA = load(HOME / "kafka" / "strimzi.yaml")


def label(resource: Resource) -> str:
    return f"{resource['kind']} {resource['metadata']['name']}"


def named(kind: str, name: str) -> Resource:
    [found] = [each for each in RESOURCES if label(each) == f"{kind} {name}"]
    return found


def the_container(pod: Resource) -> Resource:
    [found] = pod["spec"]["template"]["spec"]["containers"]
    return dict(found)


def env(pod: Resource) -> dict[str, Resource]:
    """The variables of the container of a pod, by name."""
    return {each["name"]: each for each in the_container(pod)["env"]}


def settings() -> dict[str, str]:
    """The settings in the ConfigMap that all containers use."""
    kustomization = yaml.safe_load((HOME / "base" / "kustomization.yaml").read_text())
    literals = kustomization["configMapGenerator"][0]["literals"]
    return dict(literal.split("=", 1) for literal in literals)


def selectors(node: Any) -> Iterator[dict[str, str]]:
    """Yields the labels by which part of a resource selects our pods or services."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("matchLabels", "selector") and "app.kubernetes.io/name" in value:
                yield value
            yield from selectors(value)
    elif isinstance(node, list):
        for each in node:
            yield from selectors(each)


@cache
def rendered(folder: Path) -> list[Resource]:
    return list(yaml.safe_load_all(run([built("kustomize"), "build", folder])))


@pytest.mark.parametrize("folder", RENDERED, ids=lambda folder: folder.name)
def test_every_field_is_known_to_kubernetes(folder: Path) -> None:
    ours = [each for each in rendered(folder) if "." not in each["apiVersion"].split("/")[0]]
    ours += [each for each in rendered(folder) if each["apiVersion"].endswith("k8s.io/v1")]
    assert len(ours) > 5
    for resource in ours:
        kubernetes_validate.validate(resource, SCHEMAS, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_refused() -> None:
    wrong = json.loads(json.dumps(named("StatefulSet", "triggers-worker")))
    wrong["spec"]["template"]["spec"]["terminationGraceSeconds"] = 30
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGraceSeconds"):
        kubernetes_validate.validate(wrong, SCHEMAS, strict=True)


@pytest.mark.parametrize("folder", RENDERED, ids=lambda folder: folder.name)
def test_the_operators_schemas_accept_their_resources(folder: Path) -> None:
    custom = [each for each in rendered(folder) if each["apiVersion"] in CUSTOM]
    assert custom
    done = node.run(Path(__file__).parent / "models", "check.mjs", json.dumps(custom))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_schemas_refuse_what_is_wrong() -> None:
    wrong = json.loads(json.dumps(named("ScaledObject", "triggers-worker")))
    wrong["spec"]["maxReplicaCount"] = "twelve"
    done = node.run(Path(__file__).parent / "models", "check.mjs", json.dumps([wrong]))
    assert done.returncode == 1
    assert "maxReplicaCount" in done.stdout


@pytest.mark.parametrize("pod", PODS, ids=label)
def test_a_pod_has_a_command_and_settings_that_are_right(pod: Resource, tmp_path: Path) -> None:
    """Temporary files replace mounted ones; every setting that names a file names an existing one."""
    found = the_container(pod)
    container.parsed(found["args"])
    mounts = [mount["mountPath"] for mount in found["volumeMounts"]]
    given = settings() | {each["name"]: each.get("value", "pod-0" * 8) for each in found["env"]}
    for name, value in given.items():
        if value.startswith("/"):
            assert any(Path(value).is_relative_to(mount) for mount in mounts), name
            contents = {
                "TRIGGERS_REDIS_FILE": "redis://r:6379",
                "TRIGGERS_WEBHOOK_URL_FILE": "https://r",
                "TRIGGERS_SOURCES": EXAMPLE_SOURCES.read_text(),
            }
            file = tmp_path / name
            file.write_text(contents.get(name, "whsec_" + "c2VjcmV0" * 4))
            given[name] = str(file)
    assert given.keys() <= container.known()
    read_so = container.read(found["args"][0], given)
    assert read_so.security.protocol == "SASL_SSL"
    assert read_so.security.user in {each["metadata"]["name"] for each in KAFKA}


@pytest.mark.parametrize("pod", PODS, ids=label)
def test_a_pod_is_restricted(pod: Resource) -> None:
    spec = pod["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert the_container(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert f"USER {spec['securityContext']['runAsUser']}:" in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("pod", PODS, ids=label)
def test_a_pod_is_probed_where_it_answers(pod: Resource) -> None:
    found = the_container(pod)
    ports = {port["name"]: port["containerPort"] for port in found["ports"]}
    arguments = json.dumps(found["args"]) + json.dumps(found["env"])
    for probe, paths in (
        ("startup", "/live"),
        ("liveness", "/live"),
        ("readiness", "/(live|ready)"),
    ):
        asked = found[f"{probe}Probe"]["httpGet"]
        assert re.fullmatch(paths, asked["path"])
        assert f"0.0.0.0:{ports[asked['port']]}" in arguments
    source = {
        "worker": "runtime/probes.py",
        "sender": "runtime/probes.py",
        "bridge": "runtime/probes.py",
        "eraser": "runtime/probes.py",
        "collector": "runtime/probes.py",
        "console": "console/routes.py",
    }
    text = (ROOT / "agents" / source[found["name"]]).read_text(encoding="utf-8")
    assert all(
        f'"{found[f"{probe}Probe"]["httpGet"]["path"]}"' in text
        for probe in ("liveness", "readiness")
    )


@pytest.mark.parametrize("pod", PODS, ids=label)
def test_a_pod_has_the_time_to_end_in_order(pod: Resource) -> None:
    wait = the_container(pod)["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = pod["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
    assert wait + 10 < grace


@pytest.mark.parametrize("resource", RESOURCES, ids=label)
def test_a_selector_finds_what_it_is_for(resource: Resource) -> None:
    labels = [pod["spec"]["template"]["metadata"]["labels"] for pod in PODS]
    labels += [each["metadata"]["labels"] for each in RESOURCES if each["kind"] == "Service"]
    labels.append({"app.kubernetes.io/name": "redis"})
    for selector in selectors(resource.get("spec", {})):
        assert any(selector.items() <= each.items() for each in labels)


@pytest.mark.parametrize("resource", RESOURCES, ids=label)
def test_a_port_is_named_as_the_pod_names_it(resource: Resource) -> None:
    ports = {port["name"] for pod in PODS for port in the_container(pod)["ports"]}
    named_ports = re.findall(r'"(?:targetPort|port)": "([^"]+)"', json.dumps(resource))
    assert set(named_ports) <= ports


def test_a_worker_keeps_its_name_over_restarts() -> None:
    worker = named("StatefulSet", "triggers-worker")
    name = env(worker)["TRIGGERS_INSTANCE_ID"]["valueFrom"]
    assert name == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_workers_are_spread_and_leave_one_after_another() -> None:
    spec = named("StatefulSet", "triggers-worker")["spec"]
    keys = {each["topologyKey"] for each in spec["template"]["spec"]["topologySpreadConstraints"]}
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert named("PodDisruptionBudget", "triggers-worker")["spec"]["maxUnavailable"] == 1
    assert "replicas" not in spec, "the autoscaler's to say"


def test_there_are_never_more_workers_than_partitions() -> None:
    scaled = named("ScaledObject", "triggers-worker")["spec"]
    [trigger] = scaled["triggers"]
    partitions = {
        each["metadata"]["name"]: each["spec"]["partitions"]
        for each in KAFKA
        if each["kind"] == "KafkaTopic"
    }
    assert scaled["maxReplicaCount"] == partitions[trigger["metadata"]["topic"]]
    assert trigger["metadata"]["consumerGroup"] == Settings().group
    assert trigger["metadata"]["bootstrapServers"] == settings()["TRIGGERS_KAFKA"]


def test_the_console_knows_where_the_collectors_have_their_figures() -> None:
    """By a name that resolves to each pod, at the metrics port, with the shared key."""
    found = {label(each): each for each in rendered(HOME / "example")}
    console, collector = (
        env(found[f"Deployment {name}"]) for name in ("triggers-console", "triggers-collector")
    )
    host, _, port = console["TRIGGERS_CONSOLE_COLLECTORS"]["value"].partition(":")
    service = found[f"Service {host}"]["spec"]
    pods = found["Deployment triggers-collector"]["spec"]["template"]["metadata"]["labels"]
    assert service["clusterIP"] == "None"
    assert service["selector"].items() <= pods.items()
    ports = {
        each["name"]: each["containerPort"]
        for each in the_container(found["Deployment triggers-collector"])["ports"]
    }
    assert int(port) == ports["metrics"]
    key = "TRIGGERS_COLLECT_OPERATOR_KEY"
    assert console[key] == collector[key]
    assert console[key]["valueFrom"]["secretKeyRef"]["optional"]


def test_the_console_has_the_pepper_of_the_collector() -> None:
    """Other values from the collector's secret, such as keys of sources, do not reach the console."""
    pods = {
        label(each): each for each in rendered(HOME / "example") if each["kind"] == "Deployment"
    }
    collector, console = (pods[f"Deployment triggers-{name}"] for name in ("collector", "console"))
    file = Path(env(collector)["TRIGGERS_IDENTITY_PEPPER_FILE"]["value"])
    mounts = {each["mountPath"]: each["name"] for each in the_container(collector)["volumeMounts"]}
    volume = mounts[str(file.parent)]
    [secret] = [
        each["secret"]["secretName"]
        for each in collector["spec"]["template"]["spec"]["volumes"]
        if each["name"] == volume
    ]
    given = env(console)["TRIGGERS_IDENTITY_PEPPER"]["valueFrom"]["secretKeyRef"]
    assert given == {"name": secret, "key": file.name, "optional": True}
    assert json.dumps(console).count(secret) == 1


def test_a_console_without_collectors_has_the_pepper_of_the_bridges() -> None:
    [console] = [each for each in rendered(HOME) if label(each) == "Deployment triggers-console"]
    given = env(console)["TRIGGERS_IDENTITY_PEPPER"]["valueFrom"]["secretKeyRef"]
    bridge = named("Deployment", "triggers-bridge")
    file = Path(env(bridge)["TRIGGERS_IDENTITY_PEPPER_FILE"]["value"])
    secrets = [
        each.get("secret", {}).get("secretName")
        for each in bridge["spec"]["template"]["spec"]["volumes"]
    ]
    assert given["name"] in secrets
    assert given["key"] == file.name
    assert given["optional"], "a shop that sends no addresses has none"


def test_the_network_policies_let_the_console_reach_the_collectors() -> None:
    asks = named("NetworkPolicy", "triggers-console-collectors")["spec"]
    hears = named("NetworkPolicy", "triggers-collector")["spec"]["ingress"]
    port = [{"port": "metrics", "protocol": "TCP"}]
    collector, console = (
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}
        for name in ("triggers-collector", "triggers-console")
    )
    assert asks["podSelector"] == console["podSelector"]
    assert asks["egress"] == [{"to": [collector], "ports": port}]
    assert any(console in rule["from"] and rule["ports"] == port for rule in hears)


def test_a_console_without_collectors_sends_no_request() -> None:
    [console] = [each for each in rendered(HOME) if label(each) == "Deployment triggers-console"]
    assert "TRIGGERS_CONSOLE_COLLECTORS" not in json.dumps(console)


def test_no_secret_is_in_the_manifests() -> None:
    kinds = {each["kind"] for folder in (HOME, HOME / "example") for each in rendered(folder)}
    assert "Secret" not in kinds
    text = json.dumps(RESOURCES)
    assert not re.search(r'"name": "TRIGGERS_(PASSWORD|REDIS|WEBHOOK_URL|WEBHOOK_SECRET)"', text)


def test_the_strimzi_topics_equal_the_topic_list() -> None:
    made = strimzi.documents(Settings(), read(None).names, Layout(*[strimzi.PARTITIONS] * 3))
    text = (HOME / "kafka" / "strimzi.yaml").read_text(encoding="utf-8")
    assert text == strimzi.text(made), "run python -m agents.generate.strimzi"


def test_the_example_has_the_topics_of_its_recipes_and_the_rights_of_its_sources() -> None:
    names = read(HOME / "example" / "recipes.yaml").names
    bridged = [topic for each in sources.read(EXAMPLE_SOURCES) for topic in each.topics]
    layout = Layout(*[strimzi.PARTITIONS] * 3)
    made = strimzi.documents(Settings(), names, layout, bridged=bridged)
    text = (HOME / "example" / "strimzi.yaml").read_text(encoding="utf-8")
    assert text == strimzi.text(made)
    assert "triggers.cart-vip" in text
    assert "snowplow.enriched.good" in text


def test_the_rules_in_kubernetes_match_the_tested_ones() -> None:
    text = (HOME / "base" / "rules.yaml").read_text(encoding="utf-8")
    assert text == prometheus_rules.text(ROOT), "run python -m agents.generate.prometheus_rules"
