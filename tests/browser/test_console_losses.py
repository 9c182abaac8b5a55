"""The page names a lost service, continues with the rest, and recovers without a reload."""

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from agents.config.settings import Settings
from agents.local.cluster import Cluster, cluster
from agents.local.ports import free
from agents.local.redis import Server, server
from tests.browser.looking import DESK, Page, looking, produce, refused
from tests.integration import viewing
from tests.integration.asking import Console, console, whole
from tests.integration.past import left
from tests.integration.viewing import Log

HOUR = 3_600_000


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cluster]:
    """A broker of its own, which a test can freeze and kill."""
    with cluster() as running:
        yield running


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(scope="module")
def settings(kafka: Cluster, redis: Server) -> Settings:
    return left(kafka.bootstrap, f"loss{os.getpid()}.", 60, 6 * HOUR, redis.url)


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return viewing.read(settings)


@pytest.fixture(scope="module")
def served(settings: Settings, log: Log) -> Iterator[Console]:
    with whole(settings) as made:
        yield made


@pytest.fixture
def page(tab: Chrome, served: Console) -> Iterator[Page]:
    with looking(tab, served.url) as made:
        made.go()
        made.until(lambda: states(made) == ("up", "up", "up"))
        made.until(lambda: made.all("#stream .happening"))
        yield made


def states(page: Page) -> tuple[str, ...]:
    """The states of the console, Kafka and Redis shown on the page."""
    found = page.run(
        "return ['console', 'kafka', 'redis'].map((name) =>"
        " document.querySelector(`#chip-${name}`).dataset.state)"
    )
    return tuple(found)


def someone(log: Log) -> str:
    """A person with a trigger other than exit intent in the log."""
    return next(
        each["person"]
        for _, each in log.values("triggers.decisions")
        if each["outcome"] == "fired" and each["recipe"] != "exit-intent"
    )


def fired(log: Log) -> int:
    """How many triggers the decisions in the log stand for."""
    return sum(each["outcome"] == "fired" for _, each in log.values("triggers.decisions"))


def sent(page: Page) -> int:
    """The number in the first tile."""
    return int(page.text("#tiles .tile:first-child b"))


def test_without_redis_the_page_works_and_reads_waiting_steps_from_kafka(
    page: Page, redis: Server, log: Log
) -> None:
    redis.kill()
    try:
        page.until(lambda: states(page) == ("up", "up", "lost"))
        page.until(lambda: "Redis does not answer" in page.text("#banner"))
        page.picture("without-redis")
        page.asks(someone(log), "From the workers' state")
        assert page.all("#answer .timeline li")
        page.run("location.hash = '#/'")
        page.run("document.querySelector('input[name=over][value=month]').click()")
        page.until(lambda: "which is not connected now" in page.text("#counted"))
    finally:
        redis.start()
    page.until(lambda: states(page) == ("up", "up", "up"))
    page.until(lambda: not page.all("#banner:not([hidden])"))
    page.until(lambda: page.all("#funnel-plot svg"))


def test_without_kafka_the_figures_stay_and_a_person_is_shown_from_redis(
    page: Page, kafka: Cluster, settings: Settings, log: Log
) -> None:
    (node,) = kafka.nodes
    # All records lie within this day for hours. Of the last hour, some leave with each minute.
    page.run("document.querySelector('input[name=over][value=day]').click()")
    page.until(lambda: sent(page) == fired(log))
    node.freeze()
    try:
        page.until(lambda: states(page) == ("up", "lost", "up"))
        page.until(lambda: "Kafka does not answer" in page.text("#banner"))
        assert sent(page) == fired(log)
        page.picture("without-kafka")
        page.asks(someone(log), "as the Redis view has them")
        assert page.all("#answer .timeline li")
        page.run("location.hash = '#/'")
    finally:
        node.thaw()
    page.until(lambda: states(page) == ("up", "up", "up"))
    produce(settings, "triggers.decisions", "customer:rita", refused("customer:rita", "a" * 32))
    page.until(lambda: "customer:rita" in page.text("#stream .happening:first-child"))


def test_a_broker_that_died_is_found_again(page: Page, kafka: Cluster, settings: Settings) -> None:
    (node,) = kafka.nodes
    node.kill()
    try:
        page.until(lambda: states(page)[1] == "lost")
    finally:
        node.start()
    page.until(lambda: states(page) == ("up", "up", "up"), 120)
    produce(settings, "triggers.decisions", "customer:sara", refused("customer:sara", "b" * 32))
    page.until(lambda: "customer:sara" in page.text("#stream .happening:first-child"))


def test_a_restarted_console_is_reconnected_without_duplicates(
    tab: Chrome, settings: Settings
) -> None:
    port = free(1)[0]
    with console(settings, port) as first:
        page = Page(tab, first.url)
        page.screen(DESK)
        page.go()
        page.until(lambda: page.all("#stream .happening"))
        assert first.end() == 0
        page.until(lambda: states(page)[0] == "lost")
        page.until(lambda: "The console does not answer" in page.text("#banner"))
        shown = page.text("#stream")
    with console(settings, port):
        page.until(lambda: states(page) == ("up", "up", "up"))
        produce(settings, "triggers.decisions", "customer:tom", refused("customer:tom", "c" * 32))
        page.until(lambda: "customer:tom" in page.text("#stream .happening:first-child"))
        page.until(lambda: page.text("#stream").endswith(shown[-200:]))
        ids = page.run(
            "return [...document.querySelectorAll('#stream .happening')].map((each) => each.dataset.id)"
        )
        assert len(ids) == len(set(ids))
