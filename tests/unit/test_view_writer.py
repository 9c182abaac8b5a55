"""The view's writer and reader over a Redis in memory that only notes what it is asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from redis.exceptions import RedisError

from agents.view import redis_client, writer
from agents.view.metrics import ViewMetrics
from agents.view.reader import Count, ViewReader
from agents.view.redis_client import Link, ViewLost
from agents.view.redis_keys import RedisKeys
from agents.view.writer import APPLY, Writer, clear
from stream import recipes_file
from stream.durations import DAY
from tests.fake_broker import SETTINGS

T = 1_767_607_200_000
KEYS = RedisKeys("")
TOPIC = "triggers.exit-intent"
TP = TOPIC, 2


class FakeLink:
    """`answers`: of each command in order, or an error; then "ok". `asked`: the commands."""

    def __init__(self, **answers: list[Any]) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers = answers
        self.breaker = SimpleNamespace(left=0.25)
        self.calls = {"ok": 3, "failed": 2, "refused": 1}
        self.fault = ""

    async def call(self, *command: Any) -> Any:
        self.asked.append(command)
        left = self.answers.get(command[0], [])
        answer = left.pop(0) if left else "ok"
        if isinstance(answer, Exception):
            raise answer
        return answer


class Given:
    def __init__(self, link: FakeLink) -> None:
        self.link = link
        self.slept: list[float] = []
        self.writer = Writer(SETTINGS, recipes_file.DEFAULT, cast(Link, link))
        self.restarts = 0
        self.writer.tail.restart = self._restart  # type: ignore[method-assign]

    def _restart(self) -> None:
        self.restarts += 1


def play(
    monkeypatch: pytest.MonkeyPatch, test: Callable[[Given], Awaitable[None]], **answers: list[Any]
) -> None:
    async def whole() -> None:
        given = Given(FakeLink(**answers))
        sleep = asyncio.sleep

        async def sleeps(seconds: float) -> None:
            given.slept.append(seconds)
            await sleep(0)

        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "sleep", sleeps)
            await test(given)

    asyncio.run(whole())


def trigger(number: int, t: int = T) -> Any:
    data = {
        "trigger_id": f"t{number}", "person": "customer:anna", "recipe": "exit-intent", "step": 1,
        "not_before": t, "valid_until": t + 5,
    }  # fmt: skip
    value = msgspec.json.encode({"type": "storefront.trigger.fired.v1", "data": data})
    return SimpleNamespace(offset=number, timestamp=t, key=b"customer:anna", value=value)


def test_a_batch_is_written_with_the_offset_before_and_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "BATCH", 2)

    async def test(given: Given) -> None:
        assert given.writer.wants(TOPIC, 2)
        assert not given.writer.wants("triggers.shadow", 0)
        assert await given.writer.take(*TP, [trigger(4), trigger(5), trigger(6, T + 9)]) is None
        first, second = [each for each in given.link.asked if each[0] == "EVAL"]
        head = ("EVAL", APPLY, 2, KEYS.offsets, KEYS.counts, "triggers.exit-intent:2")
        assert first[:6] == second[:6] == head
        assert (first[6:8], second[6:8]) == (("", "6"), ("6", "7"))
        entries = msgspec.msgpack.decode(first[8])
        assert [each[3:] for each in entries if each[3:4] == ["ZADD"]] == [
            ["ZADD", KEYS.fired, str(T), "t4"],
            ["ZADD", KEYS.fired, str(T), "t5"],
        ]
        assert entries[-1] == ["TRIM", KEYS.fired, KEYS.triggers, "20000"]
        assert given.writer.time == T + 9
        await given.writer.take(*TP, [trigger(7, T)])
        assert given.writer.time == T + 9, "time never goes back"

    play(monkeypatch, test, HKEYS=[[]])


@pytest.mark.parametrize(("stands", "again"), [("9", 9), ("", 0)])
def test_a_view_at_another_offset_is_read_from_there(
    monkeypatch: pytest.MonkeyPatch, stands: str, again: int
) -> None:
    async def test(given: Given) -> None:
        assert await given.writer.take(*TP, [trigger(4)]) == again
        assert given.writer.time == 0
        await given.writer.take(*TP, [trigger(9)])
        assert given.link.asked[1][6] == stands

    play(monkeypatch, test, EVAL=[stands], HKEYS=[[]])


def test_reading_begins_at_the_offsets_of_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(given: Given) -> None:
        new = "triggers.decisions", 0
        begin, end = {TP: 1, new: 3}, {TP: 9, new: 9}
        found = await given.writer.starts([TP, new], begin, end, cast(Any, None))
        assert found == {TP: 7, new: 3}
        await given.writer.take(*TP, [trigger(7)])
        assert given.link.asked[-2][6] == "7"

    play(monkeypatch, test, HGETALL=[{"triggers.exit-intent:2": "7"}], HKEYS=[[]])


def test_counts_of_old_days_are_deleted_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    days = ["2025-11-30|a", "2025-12-01|a", "2026-01-05|a"]

    async def test(given: Given) -> None:
        await given.writer.take(*TP, [trigger(4)])
        await given.writer.take(*TP, [trigger(5)])
        asked = [each for each in given.link.asked if each[0] != "EVAL"]
        assert asked == [("HKEYS", KEYS.counts), ("HDEL", KEYS.counts, "2025-11-30|a")]
        await given.writer.take(*TP, [trigger(6, T + DAY)])
        assert given.link.asked[-1] == ("HKEYS", KEYS.counts), "nothing is old"

    play(monkeypatch, test, HKEYS=[days, []])


def test_a_command_is_repeated_until_redis_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(given: Given) -> None:
        assert await given.writer._surely("GET", "a") == "b"
        assert given.link.asked == [("GET", "a")] * 3
        assert given.slept == [0.25, 0.25]
        given.link.breaker.left = 0.0
        given.link.answers["GET"] = [ViewLost()]
        await given.writer._surely("GET", "a")
        assert given.slept[2:] == [0.1]

    play(monkeypatch, test, GET=[ViewLost(), ViewLost(), "b"])


def test_a_view_that_was_emptied_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    field = "triggers.exit-intent:2"

    async def test(given: Given) -> None:
        given.writer._stands = {TP: "7", ("triggers.decisions", 0): ""}
        tending = asyncio.create_task(given.writer._tend())
        while given.restarts == 0:
            assert given.writer._stands[TP] == "7"
            await asyncio.sleep(0)
        assert given.writer._stands == {}
        assert len(given.link.asked) == 3
        assert given.link.asked[0] == ("HGETALL", KEYS.offsets)
        assert writer.TEND_S in given.slept
        tending.cancel()
        await asyncio.wait((tending,))

    play(monkeypatch, test, HGETALL=[ViewLost(), {field: "7", "other:0": "1"}, {"other:0": "1"}])


def test_a_clear_deletes_the_keys_of_persons_and_then_all_others_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans = [("5", [KEYS.decisions("a"), KEYS.counts]), (0, [KEYS.waiting("b"), KEYS.offsets])]

    async def test(given: Given) -> None:
        assert await clear(cast(Link, given.link), KEYS) == 2 + 4
        assert given.link.asked == [
            ("SCAN", "0", "MATCH", "view:*", "COUNT", 500),
            ("UNLINK", KEYS.decisions("a")),
            ("SCAN", "5", "MATCH", "view:*", "COUNT", 500),
            ("UNLINK", KEYS.waiting("b")),
            ("DEL", KEYS.offsets, KEYS.counts, KEYS.fired, KEYS.triggers),
        ]

    play(monkeypatch, test, SCAN=scans, UNLINK=[1, 1], DEL=[4])


def test_a_clear_gives_up_after_some_time_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(writer, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def test(given: Given) -> None:
        assert await writer._patiently(cast(Link, given.link), "GET", "a") == "b"
        assert given.slept == [0.25]

        async def lost(*command: Any) -> Any:
            now[0] += 4
            raise ViewLost

        given.link.call = lost  # type: ignore[method-assign]
        with pytest.raises(ViewLost):
            await writer._patiently(cast(Link, given.link), "GET", "a")
        assert len(given.slept) == 3, "after 4 and 8 s it tries again, after 12 s no more"

    play(monkeypatch, test, GET=[ViewLost(), "b"])


def test_the_metrics_of_a_writer_tell_calls_time_and_whether_redis_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(given: Given) -> None:
        metrics = ViewMetrics(cast(Link, given.link), given.writer)
        given.writer.time = 2_500
        text = metrics.text().decode()
        assert "triggers_view_up 1.0" in text
        assert "triggers_view_timestamp_seconds 2.5" in text
        for answer, number in given.link.calls.items():
            assert f'triggers_view_calls_total{{answer="{answer}"}} {number}.0' in text
        given.link.fault = "TimeoutError"
        assert "triggers_view_up 0.0" in metrics.text().decode()

    play(monkeypatch, test)


def test_a_reader_asks_for_one_person_one_trigger_or_all_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = {"applied": "5", "version": "7", "steps": "[]"}
    counts = {"2026-01-05|exit-intent|fired|": "3", "2026-01-05|a|refused|x|y": "1"}

    async def test(given: Given) -> None:
        reader = ViewReader(cast(Link, given.link), KEYS)
        assert await reader.decisions("a") == [{"n": 1}, {"n": 2}]
        found = await reader.waiting("a")
        assert found is not None
        assert (found.applied, found.version, list(found.steps)) == (5, 7, [])
        assert await reader.waiting("b") is None
        assert await reader.person_of("t1") == "customer:anna"
        assert await reader.person_of("t2") is None
        assert await reader.counts() == [
            Count("2026-01-05", "exit-intent", "fired", "", 3),
            Count("2026-01-05", "a", "refused", "x|y", 1),
        ]
        assert given.link.asked == [
            ("ZRANGE", KEYS.decisions("a"), 0, -1),
            ("HGETALL", KEYS.waiting("a")),
            ("HGETALL", KEYS.waiting("b")),
            ("HGET", KEYS.triggers, "t1"),
            ("HGET", KEYS.triggers, "t2"),
            ("HGETALL", KEYS.counts),
        ]

    play(
        monkeypatch,
        test,
        ZRANGE=[['{"n": 1}', '{"n": 2}']],
        HGETALL=[waits, {}, counts],
        HGET=[json.dumps({"person": "customer:anna"}), None],
    )


def test_a_call_of_redis_is_short_and_counted() -> None:
    async def test() -> None:
        link = Link("redis://localhost:1")
        given = link._client.connection_pool
        assert given.connection_kwargs["socket_timeout"] == redis_client.LIMIT_S
        assert given.connection_kwargs["socket_connect_timeout"] == redis_client.LIMIT_S
        assert given.connection_kwargs["decode_responses"] is True
        assert given.connection_kwargs["retry"]._retries == 0
        assert given.max_connections == 8
        await link.close()
        assert (link.fault, link.calls) == ("", {"ok": 0, "failed": 0, "refused": 0})
        answers: list[Any] = [OSError(), "ok", TimeoutError()]

        class Client:
            async def execute_command(self, *command: Any) -> Any:
                answer = answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer

            async def aclose(self) -> None:
                raise RedisError

        link._client = Client()
        with pytest.raises(ViewLost, match="OSError"):
            await link.call("GET", "a")
        assert link.fault == "OSError"
        assert await link.call("GET", "a") == "ok"
        assert (link.fault, link.breaker._failures) == ("", 0)
        with pytest.raises(ViewLost):
            await link.call("GET", "a")
        assert link.calls == {"ok": 1, "failed": 2, "refused": 0}
        await link.close()

    asyncio.run(test())


def test_while_a_writer_runs_it_notices_an_emptied_view(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(given: Given) -> None:
        given.writer._stands = {TP: "7"}
        given.writer.tail.run = asyncio.Event().wait  # type: ignore[method-assign, assignment]
        running = asyncio.create_task(given.writer.run())
        async with asyncio.timeout(5):
            while not given.restarts:
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait((running,))

    play(monkeypatch, test, HGETALL=[{}] * 99)
