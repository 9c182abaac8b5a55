"""The keys of the view in Redis, what they hold, and for how long. Nothing grows without a bound.

All keys begin with `<prefix>view:`; an ACL user needs no others (docs/redis.md).
"""

from hashlib import sha256
from typing import Final

from stream.durations import DAY, HOUR

DECISIONS_KEPT: Final = 20
"""Of a person, the newest."""

FIRED_KEPT: Final = 20_000
"""Trigger ids, the newest of the whole shop."""

DAYS_KEPT: Final = 35
"""Of counters: a little more than the topics keep."""

DECISIONS_LIVE: Final = 7 * DAY
WAITING_LIVE: Final = 30 * DAY
"""At least; until a day after the last waiting step, if that is later."""

ERASED_LIVE: Final = 30 * DAY
"""That somebody was erased is known for as long as a topic can still hold what is older."""

SETTLED_LIVE: Final = HOUR
"""How long the note "nothing waits" is kept: longer than a frozen worker could still write an older state."""


class RedisKeys:
    """The names under one prefix (the service's)."""

    def __init__(self, prefix: str) -> None:
        self.all = f"{prefix}view:"
        self.offsets = f"{self.all}offsets"
        """Hash `topic:partition` -> the next offset that is not in the view."""
        self.counts = f"{self.all}counts"
        """Hash `day|recipe|outcome|reason` -> a number; the day is YYYY-MM-DD (UTC) of the record. Of audiences
        `day|name|audience|entered` and `…|left`."""
        self.fired = f"{self.all}fired"
        """Sorted set of trigger ids by the time of their record (ms)."""
        self.triggers = f"{self.all}triggers"
        """Hash trigger id -> JSON, of those in `fired`."""

    def decisions(self, person: str) -> str:
        """Sorted set of decisions (JSON) by the time of their record (ms)."""
        return f"{self.all}decisions:{person}"

    def erased(self, person: str) -> str:
        """Hash: `at`, up to when (ms) nothing of a person may stand here; the person is not named."""
        return f"{self.all}erased:{sha256(person.encode()).hexdigest()[:32]}"

    def waiting(self, person: str) -> str:
        """Hash: `applied`, `version` of the state, `steps` (JSON)."""
        return f"{self.all}waiting:{person}"
