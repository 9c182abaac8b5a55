"""The clients from which the collector accepts events, and how many."""

import json

import pytest

from agents.collector.access import Collecting
from agents.config.settings import Settings
from tests.integration.collecting import Site, event, ids, kept, make_topics, served


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return make_topics(broker, prefix)


def test_pages_of_other_origins_may_post_only_if_they_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_ORIGINS", "https://shop.example")

    async def test(site: Site) -> None:
        await site.taken(event(0))
        named = {"Origin": "https://shop.example"}
        answer = await site.post(event(1), headers=named)
        assert answer.status == 202
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        faulty = await site.post(b"", headers=named)
        assert faulty.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        foreign = await site.post(event(2), headers={"Origin": "https://evil.example"})
        assert foreign.status == 403
        assert "Access-Control-Allow-Origin" not in foreign.headers
        for origin, status in (("https://shop.example", 204), ("https://evil.example", 403)):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            async with site.session.options(f"{site.url}/collect", headers=asked) as said:
                assert said.status == status

    served(settings, test)
    assert sorted(ids(kept(settings))) == ["e-0", "e-1"]


def test_a_flooding_visitor_must_wait_and_others_need_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_PER_VISITOR", "1")

    async def test(site: Site) -> None:
        await site.taken(
            event(0, "first")
        )  # the collector has met its broker: none waits for it below
        await site.taken([event(n, "loud") for n in range(1, 101)])
        answer = await site.post(event(101, "loud"))
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 91
        mixed = await site.post([event(102, "quiet"), event(103, "loud")])
        assert mixed.status == 429
        assert (await site.post(event(104, "quiet"))).status == 202

    served(settings, test)
    assert sorted(ids(kept(settings))) == sorted([*(f"e-{n}" for n in range(101)), "e-104"])


def test_an_address_that_floods_is_refused_whatever_names_it_uses_or_claims(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_PER_ADDRESS", "2")

    async def test(site: Site) -> None:
        await site.taken(event(0))
        await site.taken([event(n, f"v-{n}") for n in range(1, 200)])
        for n in range(5):
            claimed = {"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"}
            assert (await site.post(event(200 + n, f"w-{n}"), headers=claimed)).status == 429

    served(settings, test)


def test_behind_a_known_proxy_each_client_has_its_own_measure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_PER_ADDRESS", "1")
    monkeypatch.setenv("TRIGGERS_COLLECT_PROXIES", "1")

    async def test(site: Site) -> None:
        await site.taken(event(0))
        for client in ("203.0.113.1", "203.0.113.2"):
            via = {"X-Forwarded-For": client}
            assert (await site.post([event(n) for n in range(100)], headers=via)).status == 202
            assert (await site.post(event(100), headers=via)).status == 429

    served(settings, test)


def test_it_exports_what_it_did_to_prometheus(settings: Settings) -> None:
    async def test(site: Site) -> None:
        await site.taken([event(0), event(1, client_time=True)])
        await site.post(event(2, "guest"))
        async with site.session.get(f"{site.url}/metrics") as answer:
            answer_text = (await answer.text()).splitlines()
        for line in (
            'events_total{source="collect",type="activity.pinged"} 2.0',
            'posts_total{source="collect",status="202"} 1.0',
            'posts_total{source="collect",status="400"} 1.0',
            'refused_total{reason="names_nobody",source="collect",type="activity.pinged"} 1.0',
            'parts_left_out_total{path="$.client_time",reason="wrong_type",type="activity.pinged"} 1.0',
        ):
            assert f"triggers_collector_{line}" in answer_text

    served(settings, test)


def test_with_a_key_set_only_its_holders_may_send_customers_orders_and_consents(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_KEY", "s3cret-of-the-shop")
    order = event(1, type="order.placed", order={"id": "o-1"})

    async def test(site: Site) -> None:
        await site.taken(event(0))
        for given in (
            "",
            "Bearer",
            "Bearer wrong",
            "s3cret-of-the-shop",
            "Bearer s3cret-of-the-sho\u00fc",
        ):
            stranger = {"Authorization": given}
            refused = await site.post([order], headers=stranger)
            assert refused.status == 403
            (fault,) = refused.body["faults"]
            assert (fault["index"], fault["reason"], fault["path"]) == (0, "needs_key", "$.type")
        mixed = await site.post([event(2, customer="c-1"), order], headers=stranger)
        assert mixed.status == 202
        assert [fault["index"] for fault in mixed.body["faults"]] == [1]
        assert [(w["index"], w["path"]) for w in mixed.body["warnings"]] == [(0, "$.customer")]
        known = {"Authorization": "Bearer s3cret-of-the-shop"}
        assert (await site.post(order, headers=known)).status == 202

    served(settings, test)
    found = {json.loads(record.value)["id"]: json.loads(record.value) for record in kept(settings)}
    assert found == {"e-0": event(0), "e-1": order, "e-2": event(2)}
    assert "s3cret" not in repr(Collecting.read())
