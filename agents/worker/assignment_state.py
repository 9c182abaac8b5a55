"""The states of an assignment, as a table: which event leads to which state.

Input flows in FLOWING only. A rebalance may begin in any state, even during a restore. The end of that restore
then changes nothing. `docs/architecture.md` shows this table.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal


class AssignmentState(Enum):
    """The state of all partitions of this worker together."""

    UNASSIGNED = "the group has assigned nothing yet"
    REVOKED = (
        "a rebalance is under way; revoked partitions stay in memory and may be assigned again"
    )
    RESTORING = "the group has assigned partitions; the state of new ones is being restored"
    READY = "the states of all partitions are in memory; positions are not yet set"
    FLOWING = "the processors apply input"
    STOPPED = "the process ends"


AssignmentEvent = Literal["revoked", "assigned", "restored", "resumed", "stopped"]

_COMMON: Final[Mapping[AssignmentEvent, AssignmentState]] = {
    "revoked": AssignmentState.REVOKED,
    "assigned": AssignmentState.RESTORING,
    "stopped": AssignmentState.STOPPED,
}
"""The transitions that every state has in common, except STOPPED."""

TRANSITIONS: Final[Mapping[AssignmentState, Mapping[AssignmentEvent, AssignmentState]]] = {
    AssignmentState.UNASSIGNED: {
        **_COMMON,
        "restored": AssignmentState.UNASSIGNED,
        "resumed": AssignmentState.UNASSIGNED,
    },
    AssignmentState.REVOKED: {
        **_COMMON,
        "restored": AssignmentState.REVOKED,
        "resumed": AssignmentState.REVOKED,
    },
    AssignmentState.RESTORING: {
        **_COMMON,
        "restored": AssignmentState.READY,
        "resumed": AssignmentState.RESTORING,
    },
    AssignmentState.READY: {
        **_COMMON,
        "restored": AssignmentState.READY,
        "resumed": AssignmentState.FLOWING,
    },
    AssignmentState.FLOWING: {
        **_COMMON,
        "restored": AssignmentState.FLOWING,
        "resumed": AssignmentState.FLOWING,
    },
    AssignmentState.STOPPED: {
        "revoked": AssignmentState.STOPPED,  # the process leaves the group
        "assigned": AssignmentState.STOPPED,
        "restored": AssignmentState.STOPPED,
        "resumed": AssignmentState.STOPPED,
        "stopped": AssignmentState.STOPPED,
    },
}
