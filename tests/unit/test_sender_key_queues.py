"""Attempts of one person follow one another, and what ends a queue."""

import asyncio
from typing import Any, cast

import pytest

from agents.sender.delivery import Attempt
from agents.sender.key_queues import KeyQueues


class Record:
    def __init__(self, key: bytes) -> None:
        self.key = key


def attempt(key: bytes = b"anna", sending: bool = False) -> Attempt:
    return Attempt(cast(Any, None), cast(Any, Record(key)), None, sending=sending)


class Endpoint:
    """Settles an attempt once it is let go; `fault`: or fails with this."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.begun: list[Attempt] = []
        self.go = asyncio.Event()
        self._fault = fault

    async def settle(self, attempt: Attempt) -> None:
        self.begun.append(attempt)
        await self.go.wait()
        if self._fault:
            raise self._fault


def test_one_person_waits_for_the_attempt_before_and_others_do_not() -> None:
    async def test() -> None:
        endpoint = Endpoint()
        queues = KeyQueues(endpoint.settle)
        first, second, other = attempt(), attempt(), attempt(b"ben")
        for each in (first, second, other):
            queues.add(each)
        await asyncio.sleep(0)
        assert endpoint.begun == [first, other]
        endpoint.go.set()
        await asyncio.sleep(0.01)
        assert endpoint.begun == [first, other, second]
        third = attempt()
        queues.add(third)
        await asyncio.sleep(0.01)
        assert endpoint.begun[-1] is third, "a queue that was done begins again"

    asyncio.run(test())


def test_a_close_cancels_waiting_attempts_without_an_error() -> None:
    """A cancelled queue raises and logs no error."""

    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        endpoint = Endpoint()
        queues = KeyQueues(endpoint.settle)
        queues.add(attempt())
        queues.add(attempt())
        await asyncio.sleep(0)
        await asyncio.wait_for(queues.close(grace=5), 1)
        await asyncio.sleep(0)
        queues.check()
        assert complaints == []
        assert len(endpoint.begun) == 1

    asyncio.run(test())


@pytest.mark.parametrize("answers", [True, False])
def test_a_close_gives_open_requests_their_grace(answers: bool) -> None:
    async def test() -> None:
        endpoint = Endpoint()
        queues = KeyQueues(endpoint.settle)
        on_its_way, waiting = attempt(sending=True), attempt()
        queues.add(on_its_way)
        queues.add(waiting)
        await asyncio.sleep(0)
        closing = asyncio.create_task(queues.close(grace=0.05))
        await asyncio.sleep(0)
        assert not closing.done()
        if answers:
            endpoint.go.set()
        await asyncio.wait_for(closing, 1)
        assert on_its_way.last
        assert endpoint.begun == [on_its_way], "nothing else begins"

    asyncio.run(test())


def test_the_fault_of_a_queue_is_raised_by_a_check() -> None:
    async def test() -> None:
        endpoint = Endpoint(OSError("no disk"))
        queues = KeyQueues(endpoint.settle)
        queues.add(attempt())
        queues.check()
        endpoint.go.set()
        await asyncio.sleep(0.01)
        with pytest.raises(OSError, match="no disk"):
            queues.check()

    asyncio.run(test())


def test_an_attempt_that_ignores_its_end_is_waited_for() -> None:
    async def test() -> None:
        ended: list[str] = []

        async def settle(attempt: Attempt) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.01)
                ended.append("settled")

        queues = KeyQueues(settle)
        queues.add(attempt(sending=True))
        await asyncio.sleep(0)
        await asyncio.wait_for(queues.close(grace=0.005), 1)
        assert ended == ["settled"]
        assert (queues._attempts, queues._tasks) == ({}, {})
        await queues.close(grace=0.005)

    asyncio.run(test())
