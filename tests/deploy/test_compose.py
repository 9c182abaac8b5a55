"""compose.yaml: accepted by the reference implementation, and every container of it would start."""

from typing import Any

import pytest
import yaml

from agents.config.recipes import read
from tests.deploy import container
from tests.deploy.tools import DEPLOY, ROOT, built, run

FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"] == "storefront-triggers"}
SECRET = "whsec_" + "c2VjcmV0" * 4


def environment(service: dict[str, Any]) -> dict[str, str]:
    """The environment as compose fills it in, with every required variable set."""
    given = {
        "${TRIGGERS_SENDER_SERVICE:-webhook}": "webhook",
        "${TRIGGERS_SENDER_KEY:-}": "",
        "${TRIGGERS_WEBHOOK_URL:-}": "https://sms.example",
        "${TRIGGERS_WEBHOOK_SECRET:-}": SECRET,
        "${TRIGGERS_IDENTITY_PEPPER:-}": SECRET,
        "${TRIGGERS_SCHEMA_REGISTRY:-}": "http://registry:8081",
    }
    return {name: given.get(value, value) for name, value in service["environment"].items()}


def outside(service: dict[str, Any]) -> dict[str, str]:
    """The settings with local files in place of the mounted paths."""
    mounts = dict(reversed(mount.split(":")[:2]) for mount in service["volumes"])
    settings = environment(service).items()
    return {n: str(DEPLOY / mounts[v]) if v in mounts else v for n, v in settings}


def published() -> list[str]:
    return [port for service in SERVICES.values() for port in service.get("ports", ())]


def test_the_reference_implementation_accepts_it() -> None:
    assert "storefront-triggers" in run([built("compose"), FILE])


@pytest.mark.parametrize("name", OURS)
def test_a_container_has_a_command_and_settings_that_are_right(name: str) -> None:
    command = OURS[name]["command"]
    container.parsed(command)
    given = outside(OURS[name])
    assert given.keys() <= container.known()
    settings = container.read(command[0], given)
    assert settings.kafka == ("kafka:9092",)
    assert settings.recipes == DEPLOY / "recipes.yaml"
    assert read(settings.recipes).names


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_needs_no_rights_and_no_disk(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(mount.endswith(":ro") for mount in service["volumes"])
    assert "user" not in service, "the image's own is nobody's"


def test_the_console_has_the_pepper_of_the_collector() -> None:
    pepper = "TRIGGERS_IDENTITY_PEPPER"
    console, collector = (OURS[name]["environment"] for name in ("console", "collector"))
    assert console[pepper] == collector[pepper]


def test_two_workers_can_be_distinguished() -> None:
    workers = [each for each in OURS.values() if each["command"] == ["worker"]]
    names = {each["environment"]["TRIGGERS_INSTANCE_ID"] for each in workers}
    assert len(workers) == len(names) == 2


def test_ports_are_published_on_loopback_only() -> None:
    assert published()
    assert all(port.startswith("127.0.0.1:") for port in published())


def test_every_mounted_file_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert files
    assert all((DEPLOY / file).exists() for file in files)


def test_every_dependency_of_a_service_has_a_health_check() -> None:
    for service in SERVICES.values():
        for name, need in service.get("depends_on", {}).items():
            assert need["condition"] != "service_healthy" or "healthcheck" in SERVICES[name]


def test_prometheus_scrapes_existing_services_only() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    for job in config["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            name, _, port = target.partition(":")
            text = str(SERVICES[name]["command"]) + str(environment(SERVICES[name]))
            assert f"0.0.0.0:{port}" in text


def test_images_of_others_have_a_version() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"storefront-triggers"}
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_the_build_is_the_dockerfile_of_this_folder() -> None:
    build = OURS["worker-1"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
