"""Records of the log as entries of the view. Pure.

An entry is a command to Redis, or one that the script of agents/view/writer.py adds: `NEWER` writes a state
unless a newer one is there, `TRIM` keeps the newest trigger ids, `ERASE` drops what is of a person up to a time;
`UNLESS` does a command unless its person was erased at that time or later. Counters alone change when a record is
applied twice; the offsets that are written with them keep it from that.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from agents.explain import pending_steps
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
"""(broker's time in ms, key, value) of a record."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


def is_followed(topic: str) -> bool:
    """`topic` without the prefix."""
    followed = topic in (PEOPLE, ERASED, AUDIENCES) or topic.startswith(TRIGGERS)
    return followed and topic not in NOT_TO_SEND


def entries(topic: str, rows: Iterable[Row], keys: RedisKeys, recipes: Recipes) -> Iterator[Entry]:
    """What records of one topic (named without the prefix) change in the view.

    Raises stream.store.changelog.UnreadableState for a state of another format.
    """
    for t, key, value in rows:
        if value is None or not key:
            continue  # a tombstone follows a state in which nothing waits; "" is the stage's clock
        if topic == PEOPLE:
            yield from _state(key.decode(), value, keys, recipes)
        elif topic == DECISIONS:
            yield from _decision(t, value, keys)
        elif topic == ERASED:
            yield _erasure(value, keys)
        elif topic == AUDIENCES:
            yield _change(t, value, keys)
        else:
            yield from _trigger(t, value, keys)
    if topic not in (PEOPLE, DECISIONS, ERASED, AUDIENCES):
        yield "TRIM", keys.fired, keys.triggers, str(FIRED_KEPT)


def day(t: int) -> str:
    """`2026-01-31` (UTC) of ms."""
    return datetime.fromtimestamp(t / 1000, UTC).strftime("%Y-%m-%d")


def _state(person: str, value: bytes, keys: RedisKeys, recipes: Recipes) -> Iterator[Entry]:
    known = pending_steps.of_records(person, [value], recipes)
    if known is None:
        return
    life = max(_lives(known), WAITING_LIVE) if known.steps else SETTLED_LIVE
    place = str(known.applied), str(known.version)
    steps = _encode(known.steps).decode()
    yield "NEWER", keys.waiting(person), *place, steps, str(life), keys.erased(person)


def _lives(known: PendingSteps) -> int:
    """Ms from the last fact on until a day after the last step: of a life they may be months away."""
    ends = [each.due or each.until or known.applied for each in known.steps]
    return max(ends) - known.applied + DAY


def _change(t: int, value: bytes, keys: RedisKeys) -> Entry:
    """Counted by day: the console shows sizes over them."""
    event = _decode(value)
    way = "entered" if event["type"] == ENTERED else "left"
    return _count(keys, t, event["data"]["audience"], "audience", way, 1)


def _erasure(value: bytes, keys: RedisKeys) -> Entry:
    data = _decode(value)["data"]
    person = data["person"]
    of_person = keys.erased(person), keys.decisions(person), keys.waiting(person)
    named = f'"person":{_encode(person).decode()}'
    return "ERASE", *of_person, keys.fired, keys.triggers, named, str(data["at"]), str(ERASED_LIVE)


def _decision(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    decision = _decode(value)
    if decision.get("shadow"):
        return
    key, unless = keys.decisions(decision["person"]), keys.erased(decision["person"])
    yield "UNLESS", unless, str(decision["at"]), "ZADD", key, str(t), value.decode()
    yield "ZREMRANGEBYRANK", key, "0", str(-DECISIONS_KEPT - 1)
    yield "PEXPIRE", key, str(DECISIONS_LIVE)
    steps = decision.get("steps_left") or 1
    yield _count(keys, t, decision["recipe"], decision["outcome"], decision.get("reason"), steps)


def _trigger(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    event = _decode(value)
    data: Mapping[str, Any] = event["data"]
    brief = {name: data[name] for name in ("person", "recipe", "step")}
    unless = keys.erased(data["person"])
    at = str(data["at"] if event["type"] == CANCELLED else data["not_before"])
    if event["type"] == CANCELLED:
        brief["cancelled"] = data["reason"]
        yield _count(keys, t, data["recipe"], "cancelled", data["reason"], 1)
    else:
        brief["valid_until"] = data["valid_until"]
    id, told = data["trigger_id"], _encode(brief).decode()
    yield "UNLESS", unless, at, "ZADD", keys.fired, str(t), id
    yield "UNLESS", unless, at, "HSET", keys.triggers, id, told


def _count(
    keys: RedisKeys, t: int, recipe: str, outcome: str, reason: str | None, number: int
) -> Entry:
    return "HINCRBY", keys.counts, "|".join((day(t), recipe, outcome, reason or "")), str(number)
