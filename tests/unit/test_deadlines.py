"""Due deadlines in many partitions, with other tasks running in between."""

import asyncio
from contextlib import suppress
from itertools import pairwise
from typing import Any, cast

from agents.worker.assignment import Assignment
from agents.worker.assignment_state import AssignmentState
from agents.worker.deadlines import Deadlines
from agents.worker.metrics import Metrics


class Owing:
    """A partition with this many stretches of due deadlines."""

    def __init__(self, number: int, stretches: int, story: list[int]) -> None:
        self.tp = number
        self.stage = self
        self.left = stretches
        self._number = number
        self._story = story

    @property
    def owes(self) -> bool:
        return self.left > 0

    async def catch_up(self) -> None:
        self.left -= 1
        self._story.append(self._number)


def test_partitions_take_turns_and_other_tasks_run_in_between() -> None:
    story: list[int] = []

    async def run() -> None:
        unused = cast(Any, None)
        assignment = Assignment(unused, unused, unused, Metrics())
        owing = [Owing(number, 2 + number, story) for number in range(2)]
        assignment.processors = cast(Any, {each.tp: each for each in owing})
        assignment.state = AssignmentState.FLOWING
        task = asyncio.ensure_future(Deadlines(assignment).run())
        await asyncio.sleep(0)
        assert story == [], "nobody has said so yet"
        assignment.owing.set()
        while any(each.owes for each in owing):
            await asyncio.sleep(0)
            story.append(-1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(run(), 3))
    assert [each for each in story if each >= 0] == [0, 1, 0, 1, 1]
    assert all(-1 in (sooner, later) for sooner, later in pairwise(story))
