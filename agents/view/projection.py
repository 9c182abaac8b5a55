"""Records of the log as entries of the view. Pure.

An entry is a command to Redis, or one of two that the script of agents/view/writer.py adds: `NEWER`
writes a state unless a newer one is there, `TRIM` keeps the newest trigger ids. Counters alone change
when a record is applied twice; the offsets that are written with them keep it from that.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from agents.explain import pending_steps
from agents.view.redis_keys import (
    DECISIONS_KEPT,
    DECISIONS_LIVE,
    FIRED_KEPT,
    SETTLED_LIVE,
    WAITING_LIVE,
    RedisKeys,
)
from agents.worker.producer import DECISIONS, NOT_TO_SEND
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
    followed = topic == PEOPLE or topic.startswith(TRIGGERS)
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
        else:
            yield from _trigger(t, value, keys)
    if topic not in (PEOPLE, DECISIONS):
        yield "TRIM", keys.fired, keys.triggers, str(FIRED_KEPT)


def day(t: int) -> str:
    """`2026-01-31` (UTC) of ms."""
    return datetime.fromtimestamp(t / 1000, UTC).strftime("%Y-%m-%d")


def _state(person: str, value: bytes, keys: RedisKeys, recipes: Recipes) -> Iterator[Entry]:
    known = pending_steps.of_records(person, [value], recipes)
    if known is None:
        return
    life = WAITING_LIVE if known.steps else SETTLED_LIVE
    place = str(known.applied), str(known.version)
    yield "NEWER", keys.waiting(person), *place, _encode(known.steps).decode(), str(life)


def _decision(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    decision = _decode(value)
    if decision.get("shadow"):
        return
    key = keys.decisions(decision["person"])
    yield "ZADD", key, str(t), value.decode()
    yield "ZREMRANGEBYRANK", key, "0", str(-DECISIONS_KEPT - 1)
    yield "PEXPIRE", key, str(DECISIONS_LIVE)
    steps = decision.get("steps_left") or 1
    yield _count(keys, t, decision["recipe"], decision["outcome"], decision.get("reason"), steps)


def _trigger(t: int, value: bytes, keys: RedisKeys) -> Iterator[Entry]:
    event = _decode(value)
    data: Mapping[str, Any] = event["data"]
    brief = {name: data[name] for name in ("person", "recipe", "step")}
    if event["type"] == CANCELLED:
        brief["cancelled"] = data["reason"]
        yield _count(keys, t, data["recipe"], "cancelled", data["reason"], 1)
    else:
        brief["valid_until"] = data["valid_until"]
    yield "ZADD", keys.fired, str(t), data["trigger_id"]
    yield "HSET", keys.triggers, data["trigger_id"], _encode(brief).decode()


def _count(
    keys: RedisKeys, t: int, recipe: str, outcome: str, reason: str | None, number: int
) -> Entry:
    return "HINCRBY", keys.counts, "|".join((day(t), recipe, outcome, reason or "")), str(number)
