"""The hub publishes live events to its subscribers."""

import asyncio
import json
from typing import Any

from agents.console.hub import Hub, LiveEvent, Subscription


def trigger(hub: Hub, number: int, visitor: str = "v", person: str = "customer:anna") -> None:
    hub.publish("trigger", {"visitor": visitor, "person": person, "number": number})


async def numbers(subscription: Subscription, seconds: float = 0.01) -> list[int]:
    return [each.data["number"] for each in await subscription.next(seconds)]


def test_events_reach_all_subscribers_in_order() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe() as one, hub.subscribe() as two:
            for number in range(3):
                trigger(hub, number)
            assert await numbers(one) == await numbers(two) == [0, 1, 2]
            assert await numbers(one) == []

    asyncio.run(look())


def test_subscribers_get_their_own_visitor_or_person_only() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe(visitor="a") as a, hub.subscribe(person="customer:ben") as ben:
            trigger(hub, 1, "a", "customer:anna")
            trigger(hub, 2, "b", "customer:ben")
            hub.publish("rejected", {"reason": "empty", "number": 3})
            assert await numbers(a) == [1]
            assert await numbers(ben) == [2]

    asyncio.run(look())


def test_a_subscriber_of_some_kinds_gets_no_others() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe(kinds=frozenset({"cancel"})) as cancels:
            trigger(hub, 1)
            hub.publish("cancel", {"number": 2})
            assert await numbers(cancels) == [2]

    asyncio.run(look())


def test_a_returning_subscriber_continues_behind_its_last_event() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe() as first:
            trigger(hub, 1)
            (had,) = await first.next()
        trigger(hub, 2)
        trigger(hub, 3)
        async with hub.subscribe(after=hub.name(had)) as again:
            assert await numbers(again) == [2, 3]

    asyncio.run(look())


def test_event_id_of_another_process_replays_the_whole_buffer() -> None:
    async def look() -> None:
        other, hub = Hub(), Hub()
        trigger(hub, 1)
        name = other.name(LiveEvent(7, "trigger", {}, lambda kind, data: {}))
        assert not hub.knows(name)
        for after in (name, "", "rubbish", "-1"):
            async with hub.subscribe(after=after) as again:
                assert await numbers(again) == [1]

    asyncio.run(look())


def test_a_subscriber_of_new_events_gets_no_older_ones() -> None:
    async def look() -> None:
        hub = Hub()
        trigger(hub, 1)
        async with hub.subscribe(after=None) as subscription:
            trigger(hub, 2)
            assert await numbers(subscription) == [2]

    asyncio.run(look())


def test_a_slow_subscriber_loses_the_oldest_events_and_learns_how_many() -> None:
    async def look() -> None:
        hub = Hub(waiting=10)
        async with hub.subscribe() as slow:
            for number in range(25):
                trigger(hub, number)
            assert await numbers(slow) == list(range(15, 25))
            assert slow.missed == 15
            trigger(hub, 25)
            assert await numbers(slow) == [25]
            assert slow.missed == 0

    asyncio.run(look())


def test_the_buffer_is_bounded_and_holds_the_newest_events() -> None:
    async def look() -> None:
        hub = Hub(remembered=5, waiting=3)
        for number in range(20):
            trigger(hub, number)
        async with hub.subscribe() as late:
            assert await numbers(late) == [17, 18, 19]
            assert late.missed == 0

    asyncio.run(look())


def test_a_status_is_passed_on_but_not_remembered() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe() as there:
            hub.publish("status", {"kafka": "lost"}, remember=False)
            assert [each.data for each in await there.next(0.01)] == [{"kafka": "lost"}]
        async with hub.subscribe() as late:
            assert await late.next(0.01) == []

    asyncio.run(look())


def test_texts_are_created_once_and_only_for_a_reader() -> None:
    made: list[str] = []

    def words(kind: str, data: Any) -> dict[str, str]:
        made.append(kind)
        return {"title": f"number {data['number']}"}

    async def look() -> None:
        hub = Hub(words)
        trigger(hub, 1)
        assert not made
        async with hub.subscribe() as one, hub.subscribe() as two:
            texts = [each.text for each in [*await one.next(), *await two.next()]]
        assert json.loads(texts[0])["title"] == "number 1"
        assert texts[0] == texts[1]
        assert made == ["trigger"]

    asyncio.run(look())


def test_a_subscriber_that_leaves_is_forgotten() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe():
            assert hub.subscribers == 1
        assert hub.subscribers == 0

    asyncio.run(look())


def test_closing_wakes_all_who_wait() -> None:
    async def look() -> None:
        hub = Hub()
        async with hub.subscribe() as subscription:
            waiting = asyncio.create_task(subscription.next())
            await asyncio.sleep(0)
            hub.close()
            assert await waiting == []
            assert hub.closed

    asyncio.run(look())
