"""The transitions between the states of an assignment."""

from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from agents.worker.assignment_state import TRANSITIONS, AssignmentEvent, AssignmentState


@pytest.mark.parametrize(("state", "event"), [*product(AssignmentState, get_args(AssignmentEvent))])
def test_every_event_has_a_next_state_in_every_state(
    state: AssignmentState, event: AssignmentEvent
) -> None:
    assert TRANSITIONS[state][event] in AssignmentState


def into(wanted: AssignmentState) -> set[tuple[AssignmentState, AssignmentEvent]]:
    """The transitions into a state from other states."""
    return {
        (state, event)
        for state, row in TRANSITIONS.items()
        for event, after in row.items()
        if after is wanted and state is not wanted
    }


def test_input_flows_only_after_a_restore_and_a_resume() -> None:
    assert into(AssignmentState.FLOWING) == {(AssignmentState.READY, "resumed")}
    assert into(AssignmentState.READY) == {(AssignmentState.RESTORING, "restored")}
    assert {event for _, event in into(AssignmentState.RESTORING)} == {"assigned"}


@pytest.mark.parametrize(
    "state", [state for state in AssignmentState if state is not AssignmentState.STOPPED]
)
def test_a_revoke_holds_the_input_in_every_state(state: AssignmentState) -> None:
    assert TRANSITIONS[state]["revoked"] is AssignmentState.REVOKED


def test_input_stays_held_once_the_process_ends() -> None:
    assert set(TRANSITIONS[AssignmentState.STOPPED].values()) == {AssignmentState.STOPPED}


@pytest.mark.parametrize("event", ["restored", "resumed"])
def test_an_event_that_a_revoke_has_overtaken_lets_nothing_flow(event: AssignmentEvent) -> None:
    assert TRANSITIONS[AssignmentState.REVOKED][event] is AssignmentState.REVOKED


def test_the_page_shows_the_table() -> None:
    """`docs/architecture.md`: a row a state, a column an event."""
    events = get_args(AssignmentEvent)
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    rows = [
        f"| {state.name} | {state.value} | "
        + " | ".join("" if row[event] is state else row[event].name for event in events)
        + " |"
        for state, row in TRANSITIONS.items()
    ]
    assert "\n".join(rows) in page, "\n".join(rows)
