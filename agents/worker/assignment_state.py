"""The life of an assignment, as a table: which state follows which event. Input is let through in FLOWING alone."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal


class State(Enum):
    """Of the partitions of this worker, all together."""

    UNASSIGNED = "the group has given nothing yet"
    REVOKED = "a rebalance is under way; what is kept in memory may come back"
    RESTORED = "the partitions of this generation are in memory; positions are still to be set"
    FLOWING = "input is let through"
    STOPPED = "the process ends"


Happened = Literal["revoked", "assigned", "resumed", "stopped"]

TRANSITIONS: Final[Mapping[State, Mapping[Happened, State]]] = {
    State.UNASSIGNED: {
        "revoked": State.REVOKED,
        "assigned": State.RESTORED,
        "resumed": State.UNASSIGNED,  # of nothing: positions were asked for before the group had settled
        "stopped": State.STOPPED,
    },
    State.REVOKED: {
        "revoked": State.REVOKED,
        "assigned": State.RESTORED,
        "resumed": State.REVOKED,  # of an older generation, overtaken by the next rebalance
        "stopped": State.STOPPED,
    },
    State.RESTORED: {
        "revoked": State.REVOKED,
        "assigned": State.RESTORED,
        "resumed": State.FLOWING,
        "stopped": State.STOPPED,
    },
    State.FLOWING: {
        "revoked": State.REVOKED,
        "assigned": State.FLOWING,  # told late: `resumed` has compared the generation already
        "resumed": State.FLOWING,
        "stopped": State.STOPPED,
    },
    State.STOPPED: {
        "revoked": State.STOPPED,  # the process leaves the group
        "assigned": State.STOPPED,
        "resumed": State.STOPPED,
        "stopped": State.STOPPED,
    },
}
