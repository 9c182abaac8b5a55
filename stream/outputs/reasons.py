"""The words of outcomes and reasons, as they stand in decisions and cancels. Source: docs/semantics.md, 5 to 8."""

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
"""Why a guard holds a due step back."""

Closing = Literal[
    "superseded",
    "emptied",
    "replaced",
    "converted",
    "moved",
    "expired",
    "forgotten",
    "disabled",
]
"""Why an episode closes with steps left."""

ExitRefusal = Literal["too_soon", "paying", "ordered", "already", "cooldown", "consent", "holdout"]
"""Why an exit candidate is refused."""

CancelReason = Literal["ordered", "consent"]

Reason = Guarded | Closing | ExitRefusal
