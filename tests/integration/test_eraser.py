"""`erase --follow` on a real broker: an erasure that names only the customer reaches the customer's browsers, too."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from agents.config.settings import Settings
from agents.connect.signatures import signature
from agents.demo.workers import WorkerProcesses
from agents.local.cluster import cluster
from tests.integration.collecting import make_topics
from tests.integration.erasing import (
    by_eraser,
    end_state,
    erased_people,
    eraser,
    left,
    put_erasure,
    put_state,
    seconds,
    tell,
)
from tests.integration.facing import Facing, connected, faced
from tests.integration.replaying import environ, until
from tests.integration.sending import now

ANNA, BEA = "4711", "4712"
CART = {"id": "c-1", "items": [{"product_id": "lamp", "quantity": 1, "price": 20}]}
SHOP = connected("shop", "shopify", secrets=["hush"], trust="server")


def redact(settings: Settings, *customers: str) -> None:
    """Sends Shopify's webhooks, which name the customer alone."""

    async def send(site: Facing) -> None:
        for customer in customers:
            body = json.dumps({"shop_id": 1, "customer": {"id": int(customer)}}).encode()
            headers = {
                "Content-Type": "application/json",
                "X-Shopify-Topic": "customers/redact",
                "X-Shopify-Event-Id": f"redact-{customer}",
                "X-Shopify-Hmac-SHA256": signature(b"hush", body).decode(),
            }
            heard = await site.taken("POST", "/connect/shopify/shop", body, headers)
            assert heard.status == 200

    faced(settings, [SHOP], send)


@pytest.fixture
def settings(broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = make_topics(broker, prefix)
    for name, value in environ(made).items():
        monkeypatch.setenv(name, value)
    return made


class Kept:
    """What `erase --check` says is kept of a customer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, customer: str) -> set[str]:
        assert main(["erase", "--customer", customer, "--check"]) in (0, 1)
        lines = self._capsys.readouterr().out.splitlines()
        return {line.partition(": ")[0] for line in lines if ": is kept" in line}


def browse(settings: Settings, visitor: str, customer: str) -> None:
    tell(settings, "visitor.identified", visitor, customer=customer, contacts=["email"])
    tell(settings, "cart.updated", visitor, customer=customer, cart=CART)


def test_a_redacted_customers_browsers_are_erased_and_a_newer_one_stays(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Kept(capsys)
    with WorkerProcesses(
        1, environ(settings) | {"TRIGGERS_GROUP": f"{settings.prefix}triggers"}, tmp_path
    ) as workers:
        workers.wait()
        for visitor, customer in (("laptop", ANNA), ("phone", ANNA), ("old", BEA)):
            browse(settings, visitor, customer)
        until(lambda: len(kept(ANNA)) >= 3 and len(kept(BEA)) >= 2, workers)
        redact(settings, ANNA, BEA)
        until(
            lambda: {f"customer:{ANNA}", f"customer:{BEA}"} <= {*erased_people(settings)}, workers
        )
        browse(settings, "phone", ANNA)
        browse(settings, "new", BEA)
        until(lambda: f"state.people customer:{ANNA}" in kept(ANNA), workers)
        until(lambda: "state.visitors new" in kept(BEA), workers)

        with eraser(settings, tmp_path) as first:
            until(lambda: by_eraser(settings) != [], workers)
            first.process.kill()
        with eraser(settings, tmp_path) as second:
            until(lambda: left(settings) == 0, workers)
            until(lambda: kept(ANNA) == set(), workers)
            assert second.page("/ready") == second.page("/live") == (200, "ok\n")
            assert second.terminate() == 0
    assert kept(ANNA) == set()
    assert "state.visitors new" in kept(BEA)
    assert "state.visitors old" not in kept(BEA)
    named: list[Any] = [each.get("visitor") for each in by_eraser(settings)]
    assert {"laptop", "phone", "old"} <= {*named}
    assert "new" not in named


def erasing_of(settings: Settings, customers: int) -> set[str]:
    """Writes a browser and an erasure for each customer. Returns the browsers."""
    for number in range(customers):
        put_state(settings, f"v-{number}", f"c-{number}", now())
        put_erasure(settings, f"customer:c-{number}", now())
    return {f"v-{number}" for number in range(customers)}


def named(settings: Settings) -> set[str]:
    return {each["visitor"] for each in by_eraser(settings)}


def test_erasers_share_the_erasures_and_take_over_from_one_that_ends(
    settings: Settings, tmp_path: Path
) -> None:
    with eraser(settings, tmp_path) as stays, eraser(settings, tmp_path) as ends:
        seconds(lambda: stays.page("/ready")[0] == ends.page("/ready")[0] == 200)
        browsers = erasing_of(settings, 8)
        seconds(lambda: named(settings) == browsers)
        shared = [each.number("triggers_eraser_records_total") for each in (stays, ends)]
        assert sum(shared) >= 8
        assert min(shared) >= 1
        assert ends.terminate() == 0
        assert left(settings) == 8, "each is kept still"
        for browser in browsers:
            end_state(settings, browser)
        seconds(lambda: left(settings) == 0)
        assert stays.terminate() == 0


def test_an_eraser_outlives_its_broker(tmp_path: Path, prefix: str) -> None:
    with cluster() as brokers:
        settings = make_topics(brokers.bootstrap, prefix)
        browsers = erasing_of(settings, 2)
        with eraser(settings, tmp_path) as running:
            [node] = brokers.nodes
            node.kill()
            seconds(lambda: running.page("/ready")[0] == 503)
            assert running.page("/live") == (200, "ok\n")
            node.start()
            seconds(lambda: named(settings) == browsers)
            for browser in browsers:
                end_state(settings, browser)
            seconds(lambda: left(settings) == 0)
            assert running.terminate() == 0
