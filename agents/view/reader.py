"""Reads the view. Every method raises ViewLost."""

import json
from typing import Any, NamedTuple

import msgspec

from agents.explain.pending_steps import PendingSteps, Step
from agents.view.redis_client import Link
from agents.view.redis_keys import RedisKeys

_steps = msgspec.json.Decoder(list[Step]).decode


class Count(NamedTuple):
    """A count of one day (UTC). `number`: steps, of a closed episode those that were left; or cancels."""

    day: str
    recipe: str
    outcome: str
    reason: str
    number: int


class ViewReader:
    def __init__(self, link: Link, keys: RedisKeys) -> None:
        self._link = link
        self._keys = keys

    async def decisions(self, person: str) -> list[dict[str, Any]]:
        """The last decisions of a person, the oldest first."""
        return [
            json.loads(each)
            for each in await self._link.call("ZRANGE", self._keys.decisions(person), 0, -1)
        ]

    async def waiting(self, person: str) -> PendingSteps | None:
        """The waiting steps, or None if the view does not know the person."""
        entry = await self._link.call("HGETALL", self._keys.waiting(person))
        if not entry:
            return None
        return PendingSteps(int(entry["applied"]), int(entry["version"]), _steps(entry["steps"]))

    async def person_of(self, trigger_id: str) -> str | None:
        """The person of a trigger, or None if the view no longer has the trigger."""
        brief = await self._link.call("HGET", self._keys.triggers, trigger_id)
        return str(json.loads(brief)["person"]) if brief else None

    async def counts(self) -> list[Count]:
        """All counts, in no order."""
        numbers = await self._link.call("HGETALL", self._keys.counts)
        counts = []
        for field, number in numbers.items():
            day, recipe, outcome, reason = field.split("|", 3)
            counts.append(Count(day, recipe, outcome, reason, int(number)))
        return counts
