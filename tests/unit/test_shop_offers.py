"""A shop's page gets the offers of its own visitor and their cancels, and nothing else."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession, web

from agents.console import shop
from agents.console.app_keys import HUB
from agents.console.hub import Hub


def trigger(id: str, visitor: str, **more: Any) -> dict[str, Any]:
    return {
        "trigger_id": id,
        "recipe": "exit-intent",
        "person": f"visitor:{visitor}",
        "visitor": visitor,
        "channels": ["onsite"],
        "offer": "percent-10",
        "arm": None,
        "value": 9.5,
        "customer": "c-secret",
        "evidence": ["e-1"],
        "valid_until": int(time.time() * 1000) + 30_000,
        **more,
    }


def cancel(id: str) -> dict[str, Any]:
    return {"trigger_id": id, "recipe": "exit-intent", "person": "p", "reason": "ordered"}


def served(test: Callable[[Hub, ClientSession, str], Awaitable[None]]) -> None:
    async def run() -> None:
        hub = Hub()
        app = web.Application()
        app[HUB] = hub
        shop.add_routes(app)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with ClientSession() as session:
                await test(hub, session, f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            hub.close()
            await runner.cleanup()

    asyncio.run(run())


async def heard(answer: Any, count: int) -> list[tuple[str, Any]]:
    """The next `count` events, as (kind, data)."""
    found: list[tuple[str, Any]] = []
    kind = ""
    async with asyncio.timeout(10):
        while len(found) < count:
            line = (await answer.content.readline()).decode().rstrip("\n")
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind != "fresh":
                found.append((kind, json.loads(line.removeprefix("data: "))))
    return found


def test_a_page_gets_its_visitors_valid_offers_and_their_cancels() -> None:
    async def test(hub: Hub, session: ClientSession, url: str) -> None:
        past = int(time.time() * 1000) - 1
        hub.publish("trigger", trigger("over", "v-1", valid_until=past))
        hub.publish("trigger", trigger("before", "v-1"))
        async with session.get(f"{url}/shop/offers?visitor=v-1") as answer:
            hub.publish("trigger", trigger("other", "v-2"))
            hub.publish("trigger", trigger("mail", "v-1", channels=["email"]))
            hub.publish("decision", trigger("decision", "v-1"))
            hub.publish("cancel", cancel("other"))
            hub.publish("cancel", cancel("before"))
            hub.publish("trigger", trigger("after", "v-1"))
            told = await heard(answer, 3)
        assert [(kind, data["trigger_id"]) for kind, data in told] == [
            ("trigger", "before"),
            ("cancel", "before"),
            ("trigger", "after"),
        ]

    served(test)


def test_an_offer_carries_what_the_page_shows_and_nothing_of_the_person() -> None:
    async def test(hub: Hub, session: ClientSession, url: str) -> None:
        hub.publish("trigger", trigger("one", "v-1"))
        async with session.get(f"{url}/shop/offers?visitor=v-1") as answer:
            ((_, data),) = await heard(answer, 1)
        shown = {"trigger_id", "recipe", "offer", "arm", "value", "valid_until"}
        assert set(data) == shown

    served(test)


def test_without_a_visitor_there_are_no_offers() -> None:
    async def test(hub: Hub, session: ClientSession, url: str) -> None:
        for query in ("", "?visitor=", "?visitor=" + "x" * 129):
            async with session.get(f"{url}/shop/offers{query}") as answer:
                assert answer.status == 400

    served(test)


def test_every_place_of_the_shop_is_its_one_page() -> None:
    async def test(hub: Hub, session: ClientSession, url: str) -> None:
        for place in ("/shop", "/shop/", "/shop/product/tent-sarek-2", "/shop/../shop/cart"):
            async with session.get(f"{url}{place}") as answer:
                assert answer.status == 200
                assert "Fjellgang" in await answer.text()

    served(test)
