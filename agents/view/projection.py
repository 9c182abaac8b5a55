"""Turns records of the log into entries of the view. Pure.

An entry is a command of Redis, or one that the script in agents/view/writer.py adds. `NEWER` writes a state unless a newer
one is there. `TRIM` keeps the newest trigger ids. `ERASE` deletes a person's entries up to a time. `UNLESS` runs a command
unless the person was erased at that time or later. Applying a record twice changes counters only. The script writes
offsets with the counters, so it applies no record twice. A record that no worker has written has no entry.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from agents.explain import own_records, pending_steps
from agents.explain.pending_steps import PendingSteps
from agents.view.redis_keys import (
    DECISIONS_KEPT,
    DECISIONS_LIVE,
    ERASED_LIVE,
    FIRED_KEPT,
    SETTLED_LIVE,
    WAITING_LIVE,
    RedisKeys,
)
from agents.worker.producer import AUDIENCES, DECISIONS, ERASED, NOT_TO_SEND
from stream.durations import DAY
from stream.outputs.audience_changes import ENTERED
from stream.outputs.triggers import CANCELLED
from stream.recipes.recipe import Recipes

PEOPLE: Final = "state.people"
TRIGGERS: Final = "triggers."

Entry = tuple[str, ...]
Row = tuple[int, bytes | None, bytes | None]
"""A record: (broker's time in ms, key, value)."""

_encode: Final = msgspec.json.Encoder().encode


def is_followed(topic: str) -> bool:
    """Whether the view reads this topic, named without the prefix."""
    followed = topic in (PEOPLE, ERASED, AUDIENCES) or topic.startswith(TRIGGERS)
    return followed and topic not in NOT_TO_SEND


def entries(topic: str, rows: Iterable[Row], keys: RedisKeys, recipes: Recipes) -> Iterator[Entry]:
    """The entries for records of one topic, named without the prefix.

    Raises stream.store.changelog.UnreadableState for a state of another format.
    """
    for t, key, value in rows:
        if value is None or not key:
            continue  # a tombstone follows a state without waiting steps; the key "" holds the stage's clock
        if topic == PEOPLE:
            yield from _state(key.decode(), value, keys, recipes)
        elif topic == DECISIONS:
            yield from _decision(t, value, keys)
        elif topic == ERASED:
            yield from _erasure(value, keys)
        elif topic == AUDIENCES:
            yield from _change(t, value, keys)
        else:
            yield from _trigger(t, value, keys)
    if topic not in (PEOPLE, DECISIONS, ERASED, AUDIENCES):
        yield "TRIM", keys.fired, keys.triggers, str(FIRED_KEPT)


def day(t: int) -> str:
    """The day of a time in ms, as `2026-01-31` (UTC)."""
    return datetime.fromtimestamp(t / 1000, UTC).strftime("%Y-%m-%d")


def _state(person: str, value: bytes, keys: RedisKeys, recipes: Recipes) -> Iterator[Entry]:
    pending = pending_steps.of_records(person, [value], recipes)
    if pending is None:
        return
    lifetime = max(_lifetime(pending), WAITING_LIVE) if pending.steps else SETTLED_LIVE
    version = str(pending.applied), str(pending.version)
    steps = _encode(pending.steps).decode()
    yield "NEWER", keys.waiting(person), *version, steps, str(lifetime), keys.erased(person)


def _lifetime(pending: PendingSteps) -> int:
    """Ms from the last fact until a day after the last step. Lifecycle steps may be months away."""
    ends = [each.due or each.until or pending.applied for each in pending.steps]
    return max(ends) - pending.applied + DAY


def _change(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    """Counts a change of an audience by day. The console shows sizes from these counts."""
    event = own_records.change(value)
    if event is None:
        return
    change = "entered" if event["type"] == ENTERED else "left"
    yield _count(keys, t, event["data"]["audience"], "audience", change, 1)


def _erasure(value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    event = own_records.erasure(value)
    if event is None:
        return
    data = event["data"]
    person = data["person"]
    of_person = keys.erased(person), keys.decisions(person), keys.waiting(person)
    needle = f'"person":{_encode(person).decode()}'
    shared = keys.fired, keys.triggers
    yield "ERASE", *of_person, *shared, needle, str(data["at"]), str(ERASED_LIVE)


def _decision(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    decision = own_records.decision(value)
    if decision is None or decision.get("shadow"):
        return
    key, unless = keys.decisions(decision["person"]), keys.erased(decision["person"])
    yield "UNLESS", unless, str(decision["at"]), "ZADD", key, str(t), value.decode()
    yield "ZREMRANGEBYRANK", key, "0", str(-DECISIONS_KEPT - 1)
    yield "PEXPIRE", key, str(DECISIONS_LIVE)
    steps = decision.get("steps_left") or 1
    yield _count(keys, t, decision["recipe"], decision["outcome"], decision.get("reason"), steps)


def _trigger(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    event = own_records.trigger(value)
    if event is None:
        return
    data: Mapping[str, Any] = event["data"]
    brief = {name: data[name] for name in ("person", "recipe", "step")}
    unless = keys.erased(data["person"])
    at = str(data["at"] if event["type"] == CANCELLED else data["not_before"])
    if event["type"] == CANCELLED:
        brief["cancelled"] = data["reason"]
        yield _count(keys, t, data["recipe"], "cancelled", data["reason"], 1)
    else:
        brief["valid_until"] = data["valid_until"]
    id = data["trigger_id"]
    yield "UNLESS", unless, at, "ZADD", keys.fired, str(t), id
    yield "UNLESS", unless, at, "HSET", keys.triggers, id, _encode(brief).decode()


def _count(
    keys: RedisKeys, t: int, recipe: str, outcome: str, reason: str | None, number: int
) -> Entry:
    return "HINCRBY", keys.counts, "|".join((day(t), recipe, outcome, reason or "")), str(number)
