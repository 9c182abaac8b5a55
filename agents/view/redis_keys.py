"""The keys of the view in Redis, their content and lifetime. Nothing grows without a bound.

All keys begin with `<prefix>view:`; an ACL user needs no others (docs/redis.md).
"""

from hashlib import sha256
from typing import Final

from stream.durations import DAY, HOUR

DECISIONS_KEPT: Final = 20
"""Decisions kept of a person, the newest."""

FIRED_KEPT: Final = 20_000
"""Trigger ids kept of the whole shop, the newest."""

DAYS_KEPT: Final = 35
"""Days for which counts are kept: a little longer than the topics keep their records."""

DECISIONS_LIVE: Final = 7 * DAY
WAITING_LIVE: Final = 30 * DAY
"""The shortest lifetime of waiting steps (ms). They stay until a day after the last step, if that is later."""

ERASED_LIVE: Final = 30 * DAY
"""Lifetime (ms) of the note that a person was erased: as long as a topic can still hold older records of the person."""

SETTLED_LIVE: Final = HOUR
"""Lifetime (ms) of the note that no step waits. It outlives any frozen writer with an older state."""


class RedisKeys:
    """The names of the keys under the service's prefix."""

    def __init__(self, prefix: str) -> None:
        self.all = f"{prefix}view:"
        self.offsets = f"{self.all}offsets"
        """Hash `topic:partition` -> the first offset that is not in the view."""
        self.counts = f"{self.all}counts"
        """Hash `day|recipe|outcome|reason` -> a number. The day is that of the record, YYYY-MM-DD (UTC). Changes of an
        audience are counted as `day|name|audience|entered` and `…|left`."""
        self.fired = f"{self.all}fired"
        """Sorted set of trigger ids by the time of their record (ms)."""
        self.triggers = f"{self.all}triggers"
        """Hash trigger id -> JSON, for the ids in `fired`."""

    def decisions(self, person: str) -> str:
        """Sorted set of decisions (JSON) by the time of their record (ms)."""
        return f"{self.all}decisions:{person}"

    def erased(self, person: str) -> str:
        """Hash: `at`, the time (ms) up to which the person was erased. The key holds a hash of the person's name."""
        return f"{self.all}erased:{sha256(person.encode()).hexdigest()[:32]}"

    def waiting(self, person: str) -> str:
        """Hash: `applied`, `version` of the state, `steps` (JSON)."""
        return f"{self.all}waiting:{person}"
