"""Partitions that are revoked while their input is applied, or while they are opened."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from agents.worker import opening
from agents.worker.assignment import Assignment
from agents.worker.assignment_state import AssignmentState
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import PartitionProcessor

TP_0 = TP("storefront.events", 0)


class Failing:
    """A processor that fails while it applies."""

    position = 1200

    def __init__(self, meanwhile: Any) -> None:
        self._meanwhile = meanwhile

    async def take(self, batches: object) -> None:
        self._meanwhile()
        raise KafkaConnectionError("closed")


async def taken(drop: bool) -> BaseException | None:
    """The error that ends the process after a processor failed. `drop`: its partition was revoked meanwhile."""
    unused = cast(Any, None)
    owner = Assignment(unused, unused, unused, Metrics(("cart_abandonment",)))
    owner.processors[TP_0] = cast(
        PartitionProcessor, Failing(owner.processors.clear if drop else lambda: None)
    )
    owner.state = AssignmentState.FLOWING
    taking = asyncio.ensure_future(owner.take({TP_0: ()}))
    await asyncio.wait((taking,), timeout=0.1)
    assert taking.done() == drop
    taking.cancel()
    return owner.failed.exception() if owner.failed.done() else None


def test_a_failure_of_a_partition_given_up_meanwhile_is_ignored() -> None:
    """Its producer is closed. The next owner reads the same input again."""
    assert asyncio.run(taken(drop=True)) is None


def test_a_failure_of_an_assigned_partition_ends_the_process() -> None:
    error = asyncio.run(taken(drop=False))
    assert isinstance(error, KafkaConnectionError)
    assert error.__notes__ == ["in storefront.events 0, at offset 1200 or later"], "for the log"


class Applying:
    """A processor that applies at once. `owes`: whether deadlines are left for later."""

    def __init__(self, owes: bool) -> None:
        self.stage = SimpleNamespace(owes=owes)

    async def take(self, batches: object) -> None:
        pass


@pytest.mark.parametrize("owes", [True, False])
def test_input_that_leaves_due_deadlines_wakes_who_fires_them(owes: bool) -> None:
    async def test() -> None:
        unused = cast(Any, None)
        owner = Assignment(unused, unused, unused, Metrics(("cart_abandonment",)))
        owner.processors[TP_0] = cast(PartitionProcessor, Applying(owes))
        owner.state = AssignmentState.FLOWING
        await owner.take({TP_0: ()})
        assert owner.owing.is_set() is owes

    asyncio.run(test())


def test_a_resume_wakes_who_fires_what_was_due_before_the_rebalance() -> None:
    """No input may come any more that would."""

    async def test() -> None:
        unused = cast(Any, None)
        owner = Assignment(unused, unused, unused, Metrics(("cart_abandonment",)))
        owner.move("assigned")
        owner.move("restored")
        assert not owner.owing.is_set()
        owner.move("resumed")
        assert owner.owing.is_set()

    asyncio.run(test())


class Opening:
    """A processor whose former owner's transaction does not end."""

    async def open(self, wanted: Any) -> bool:
        await asyncio.Future()
        return True


def test_partitions_that_do_not_open_are_dropped_once_reassigned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Until then the log names what the worker waits for."""
    monkeypatch.setattr(opening, "RETRY_S", 0.01)
    monkeypatch.setattr(opening, "OPENING_S", 0.0)
    asked = iter([True, True, False])
    processors = [cast(PartitionProcessor, Opening())]
    assert not asyncio.run(opening.open_all(processors, lambda: next(asked)))
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert messages == ["former_transactions_do_not_end partitions=1"] * 2


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_opening_that_a_rebalance_ends_is_cancelled_and_not_logged(
    monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    """asyncio logs an error for each result that nobody looks at, even for a cancellation. `cancelled`: so is the caller,
    as by a broken connection."""
    monkeypatch.setattr(opening, "RETRY_S", 0.01)
    told: list[Any] = []
    ended: list[bool] = []

    class Cancelled:
        async def open(self, wanted: Any) -> bool:
            try:
                await asyncio.Future()
            finally:
                ended.append(True)
            return True

    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
        processors = [cast(PartitionProcessor, Cancelled())]
        asked = iter([True, False])
        opens = asyncio.ensure_future(
            opening.open_all(processors, lambda: cancelled or next(asked))
        )
        await asyncio.sleep(0.005)
        if cancelled:
            opens.cancel()
        await asyncio.wait((opens,))
        assert opens.cancelled() == cancelled
        del opens
        await asyncio.sleep(0.005)
        assert ended == [True]
        gc.collect()

    asyncio.run(test())
    assert told == []


def test_a_transaction_that_does_not_end_is_logged_once_in_half_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [100.0]
    steps = iter([30.0, 0.5, 30.0, 0.5])
    monkeypatch.setattr(opening, "RETRY_S", 0.001)
    monkeypatch.setattr(opening, "time", SimpleNamespace(monotonic=lambda: now[0]))
    logged: list[int] = []

    def still_ours() -> bool:
        logged.append(len(caplog.records))
        step = next(steps, None)
        now[0] += step or 0
        return step is not None

    asyncio.run(opening.open_all([cast(PartitionProcessor, Opening())], still_ours))
    assert logged == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("answers", [(True, True), (True, False)])
def test_partitions_are_open_once_all_are(answers: tuple[bool, ...]) -> None:
    class Opened:
        def __init__(self, answer: bool) -> None:
            self._answer = answer

        async def open(self, wanted: Any) -> bool:
            return self._answer and bool(wanted())

    opened = [cast(PartitionProcessor, Opened(answer)) for answer in answers]
    assert asyncio.run(opening.open_all(opened, lambda: True)) is all(answers)
