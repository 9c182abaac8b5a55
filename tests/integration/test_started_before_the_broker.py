"""Programs that are started while no broker answers: each waits, says so at /ready, and serves once the broker is there.

Workers are started so by the case `down-at-start` of tests/faults.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from agents.config.settings import Settings
from agents.local import cluster, ports
from agents.local.node import Node
from tests.integration.asking import console
from tests.integration.bridging import PEPPER, Sources
from tests.integration.sending import SECRET, Service

pytestmark = pytest.mark.slow

WITHIN_S: Final = 120
AWAY_S: Final = 15
"""Longer than an attempt to reach a broker takes."""

NAMES: Final = ["sender", "bridge", "erase", "view", "collector"]


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def program(name: str, sources: Sources, redis: str) -> Service:
    """A program that is not started yet."""
    options = {
        "erase": ["--follow"],
        "collector": ["--listen", f"127.0.0.1:{ports.free(1)[0]}"],
    }
    variables = {
        "TRIGGERS_KAFKA": sources.broker,
        "TRIGGERS_PREFIX": sources.prefix,
        "TRIGGERS_REDIS": redis if name == "view" else "",
        "TRIGGERS_WEBHOOK_URL": "http://127.0.0.1:9/hook",
        "TRIGGERS_WEBHOOK_SECRET": SECRET,
        "TRIGGERS_SENDER_STORE": str(sources.folder / "marks.sqlite3"),
        "TRIGGERS_IDENTITY_PEPPER": PEPPER,
    }
    if name == "bridge":
        variables["TRIGGERS_SOURCES"] = str(sources.file)
    return Service(name, options.get(name, ()), sources.folder, variables)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Sources]]:
    """A broker of this module with all topics."""
    with cluster.cluster() as brokers:
        made = Sources(brokers.bootstrap, "early.", tmp_path_factory.mktemp("early"))
        made.add("web", "segment")
        made.close()
        yield brokers.nodes[0], made


def listens(service: Service) -> bool:
    try:
        return service.page("/live")[0] == 200
    except OSError:
        return False


def test_programs_that_start_before_the_broker_wait_and_then_serve(
    place: tuple[Node, Sources], redis_url: str
) -> None:
    node, sources = place
    node.stop()
    services = [program(name, sources, redis_url) for name in NAMES]
    try:
        for each in services:
            each.process.launch()
        until(lambda: all(listens(each) for each in services))
        time.sleep(AWAY_S)
        assert {each.process.name: each.page("/live")[0] for each in services} == dict.fromkeys(
            NAMES, 200
        )
        assert {each.process.name: each.page("/ready")[0] for each in services} == dict.fromkeys(
            NAMES, 503
        )
        node.start()
        until(lambda: all(each.page("/ready")[0] == 200 for each in services))
        assert [each.terminate() for each in services] == [0] * len(NAMES)
    finally:
        node.start()
        for each in services:
            each.process.kill()


def test_a_console_that_starts_before_the_broker_shows_the_log_afterwards(
    place: tuple[Node, Sources],
) -> None:
    node, sources = place
    node.stop()
    try:
        with console(Settings(kafka=(sources.broker,), prefix=sources.prefix)) as page:
            time.sleep(AWAY_S)
            assert page.get("/").status == 200
            assert page.get("/api/overview?over=day").json["kafka"]["behind"] != 0
            node.start()
            page.until("day", lambda found: found["kafka"]["behind"] == 0)
    finally:
        node.start()
