"""Which state of the assignment follows which event."""

from itertools import product
from typing import get_args

import pytest

from agents.worker.assignment_state import TRANSITIONS, Happened, State


@pytest.mark.parametrize(("state", "event"), product(State, get_args(Happened)))
def test_every_event_has_a_next_state_in_every_state(state: State, event: Happened) -> None:
    assert TRANSITIONS[state][event] in State


def test_input_flows_only_after_assigned_and_resumed() -> None:
    into = {
        (state, event)
        for state, row in TRANSITIONS.items()
        for event, after in row.items()
        if after is State.FLOWING and state is not State.FLOWING
    }
    assert into == {(State.RESTORED, "resumed")}


@pytest.mark.parametrize("state", set(State) - {State.STOPPED})
def test_a_revoke_holds_the_input_in_every_state(state: State) -> None:
    assert TRANSITIONS[state]["revoked"] is State.REVOKED


def test_nothing_flows_again_once_the_process_ends() -> None:
    assert set(TRANSITIONS[State.STOPPED].values()) == {State.STOPPED}


def test_a_resume_that_a_revoke_has_overtaken_lets_nothing_through() -> None:
    assert TRANSITIONS[State.REVOKED]["resumed"] is State.REVOKED
