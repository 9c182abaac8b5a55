"""The names of outcomes and reasons in decisions and cancels. Source: docs/semantics.md, 5 to 8."""

from typing import Literal

Outcome = Literal["fired", "refused", "deferred", "closed"]

Guarded = Literal[
    "expired",
    "ordered",
    "unreachable",
    "consent",
    "cooldown",
    "cap",
    "lower_priority",
    "holdout",
    "quiet",
]
"""The reasons for which a guard holds back a due step."""

NotAsked = Literal["disabled"]
"""The reason for which a due step is refused before all guards: its recipe is not enabled."""

Passed = Literal["past", "joined"]
"""The reasons for which a step of a life episode is refused before it is due. past: its time is before the opening ·
joined: another step of its recipe includes it."""

Closing = Literal[
    "superseded",
    "emptied",
    "replaced",
    "converted",
    "moved",
    "expired",
    "forgotten",
    "disabled",
    "cancelled",
    "left",
    "erased",
]
"""The reasons for which an episode closes with steps left."""

OnsiteRefusal = Literal[
    "too_soon", "paying", "ordered", "already", "cooldown", "consent", "holdout"
]
"""The reasons for which an exit or popup candidate is refused."""

CancelReason = Literal["ordered", "consent", "cancelled", "erased"]

Reason = Guarded | NotAsked | Passed | Closing | OnsiteRefusal
