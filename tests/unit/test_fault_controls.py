"""The builds broken on purpose run as their room says."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.cases import Room
from tests.faults.controls import TRIES, caught
from tests.faults.report import Report
from tests.faults.verdict import Verdict


def _runs(broken: dict[str, list[str]]) -> tuple[list[Room], list[Report]]:
    """(the rooms of all tries, the reports) of a control whose runs break these invariants."""
    nowhere: Any = None
    tried: list[Room] = []

    def run(room: Room) -> Report:
        tried.append(room)
        return Report(room.case, room.seed, Verdict(broken), 0, [], 0.0, [], 0)

    room = Room("control", 5, nowhere, Path(), full=True, documents=True)
    return tried, caught(room, "sound", run)


@pytest.mark.parametrize(("broken", "tries"), [({"sound": ["false"]}, 1), ({}, TRIES)])
def test_a_control_is_tried_until_it_breaks(broken: dict[str, list[str]], tries: int) -> None:
    tried, (report,) = _runs(broken)
    assert [room.seed for room in tried] == [5, 1005, 2005][:tries]
    assert report.held == bool(broken)


def test_recipes_change_in_the_middle_of_a_control_too() -> None:
    tried, _ = _runs({})
    assert all(room.documents and room.full for room in tried)
