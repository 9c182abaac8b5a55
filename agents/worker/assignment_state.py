"""The life of an assignment, as a table: which state follows which event.

Input flows in FLOWING only. A rebalance may come in any state, even during a restore; the end of that restore
then changes nothing. `docs/architecture.md` shows this table.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal


class AssignmentState(Enum):
    """The state of all partitions of this worker together."""

    UNASSIGNED = "the group has given nothing yet"
    REVOKED = "a rebalance is under way; what is kept in memory may come back"
    RESTORING = "the group has settled; the state of new partitions is read back"
    READY = "the states of all partitions are in memory; positions are still to be set"
    FLOWING = "input is let through"
    STOPPED = "the process ends"


Happened = Literal["revoked", "assigned", "restored", "resumed", "stopped"]

_HELD: Final[Mapping[Happened, AssignmentState]] = {
    "revoked": AssignmentState.REVOKED,
    "assigned": AssignmentState.RESTORING,
    "stopped": AssignmentState.STOPPED,
}
"""Where these three events lead from every state in which the process continues."""

TRANSITIONS: Final[Mapping[AssignmentState, Mapping[Happened, AssignmentState]]] = {
    AssignmentState.UNASSIGNED: {
        **_HELD,
        "restored": AssignmentState.UNASSIGNED,
        "resumed": AssignmentState.UNASSIGNED,
    },
    AssignmentState.REVOKED: {
        **_HELD,
        "restored": AssignmentState.REVOKED,
        "resumed": AssignmentState.REVOKED,
    },
    AssignmentState.RESTORING: {
        **_HELD,
        "restored": AssignmentState.READY,
        "resumed": AssignmentState.RESTORING,
    },
    AssignmentState.READY: {
        **_HELD,
        "restored": AssignmentState.READY,
        "resumed": AssignmentState.FLOWING,
    },
    AssignmentState.FLOWING: {
        **_HELD,
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
