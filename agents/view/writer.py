"""Follows the log and writes decisions, triggers and waiting steps into Redis.

One script writes the entries of a batch and the offset after it, if the view is at the offset that the writer expects.
Otherwise it returns the view's offset. So no record is counted twice or left out, even with several writers, or after a
lost answer, a restart, or a loss of Redis' data.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from agents.config.settings import Settings
from agents.kafka.tail import OffsetsAt, TopicTail, Tp
from agents.runtime.log import say
from agents.view.projection import day, entries, is_followed
from agents.view.redis_client import Link, ViewLost
from agents.view.redis_keys import DAYS_KEPT, RedisKeys
from stream.durations import DAY
from stream.recipes.recipe import Recipes

log = logging.getLogger("triggers.view")

BATCH: Final = 100
"""Records in a call. More: a call exceeds its time limit. Fewer: more calls."""

TEND_S: Final = 2.0
PATIENCE_S: Final = 10.0
"""Seconds for which `clear` repeats a command that fails. Each call has its own, shorter limit."""

APPLY: Final = """
local function gone(marker, at)
  local until_ = redis.call('HGET', marker, 'at')
  return until_ and tonumber(until_) >= tonumber(at)
end
local function erase(marker, decisions, waiting, fired, triggers, named, at, life)
  if not gone(marker, at) then redis.call('HSET', marker, 'at', at) end
  redis.call('PEXPIRE', marker, life)
  for _, each in ipairs(redis.call('ZRANGE', decisions, 0, -1)) do
    if cjson.decode(each).at <= tonumber(at) then redis.call('ZREM', decisions, each) end
  end
  if tonumber(redis.call('HGET', waiting, 'applied') or -1) <= tonumber(at) then
    redis.call('DEL', waiting)
  end
  local briefs = redis.call('HGETALL', triggers)
  for place = 1, #briefs, 2 do
    if string.find(briefs[place + 1], named, 1, true) then
      redis.call('ZREM', fired, briefs[place])
      redis.call('HDEL', triggers, briefs[place])
    end
  end
end
local stands = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if stands ~= ARGV[2] then return stands end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
for _, entry in ipairs(cmsgpack.unpack(ARGV[4])) do
  if entry[1] == 'NEWER' then
    local place = redis.call('HMGET', entry[2], 'applied', 'version')
    local applied, version = tonumber(place[1] or -2), tonumber(place[2] or -2)
    local a, v = tonumber(entry[3]), tonumber(entry[4])
    if gone(entry[7], a) then
      redis.call('DEL', entry[2])
    elseif a > applied or (a == applied and v >= version) then
      redis.call('HSET', entry[2], 'applied', entry[3], 'version', entry[4], 'steps', entry[5])
      redis.call('PEXPIRE', entry[2], entry[6])
    end
  elseif entry[1] == 'ERASE' then
    erase(unpack(entry, 2))
  elseif entry[1] == 'UNLESS' then
    if not gone(entry[2], entry[3]) then redis.call(unpack(entry, 4)) end
  elseif entry[1] == 'TRIM' then
    for _, id in ipairs(redis.call('ZRANGE', entry[2], 0, -tonumber(entry[4]) - 1)) do
      redis.call('ZREM', entry[2], id)
      redis.call('HDEL', entry[3], id)
    end
  else
    redis.call(unpack(entry))
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'ok'
"""
"""KEYS: offsets, counts. ARGV: partition, the offset that the view should have, its offset afterwards, entries (msgpack).
Counts without offsets belong to a view that was lost: they start again at zero."""

_pack: Final = msgspec.msgpack.Encoder().encode


class Writer:
    """Writes the view. `time`: that of the last record written (ms), 0 before the first."""

    def __init__(self, settings: Settings, recipes: Recipes, link: Link) -> None:
        self.link = link
        self.keys = RedisKeys(settings.prefix)
        self.time = 0
        self._recipes = recipes
        self._stands: dict[Tp, str] = {}
        self._pruned = ""
        self.tail = TopicTail(settings, self, "view")

    async def run(self) -> None:
        """Follows the log until cancelled. Raises an ExceptionGroup, also for stream.store.changelog.UnreadableState."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._tend())
            await self.tail.run()

    async def _tend(self) -> None:
        """Runs for ever: checks whether Redis still has the view's offsets. If not, starts again from the beginning."""
        while True:
            await asyncio.sleep(TEND_S)
            known = [_field(tp) for tp, stands in self._stands.items() if stands]
            try:
                offsets = await self.link.call("HGETALL", self.keys.offsets)
            except ViewLost:
                continue
            if not offsets.keys() >= set(known):
                say(log, "emptied")
                self._stands.clear()
                self.tail.restart()

    def wants(self, topic: str, partition: int) -> bool:
        return is_followed(topic)

    async def starts(
        self, partitions: Collection[Tp], begin: dict[Tp, int], end: dict[Tp, int], at: OffsetsAt
    ) -> dict[Tp, int]:
        """The offsets of the view. A partition without one is read from its beginning."""
        offsets = await self._surely("HGETALL", self.keys.offsets)
        self._stands |= {tp: offsets.get(_field(tp), "") for tp in partitions}
        return {tp: int(self._stands[tp] or begin[tp]) for tp in partitions}

    async def take(self, topic: str, partition: int, records: Sequence[Any]) -> int | None:
        tp = topic, partition
        for start in range(0, len(records), BATCH):
            some = records[start : start + BATCH]
            rows = [(each.timestamp, each.key, each.value) for each in some]
            packed = _pack(list(entries(topic, rows, self.keys, self._recipes)))
            behind = str(some[-1].offset + 1)
            answer = await self._surely(
                "EVAL", APPLY, 2, self.keys.offsets, self.keys.counts,
                _field(tp), self._stands.get(tp, ""), behind, packed,
            )  # fmt: skip
            if answer != "ok":
                self._stands[tp] = answer
                return int(answer or 0)
            self._stands[tp] = behind
            self.time = max(self.time, rows[-1][0])
        await self._prune()
        return None

    async def _prune(self) -> None:
        """Deletes the counts of days before DAYS_KEPT, once for each day of the log."""
        if self._pruned == day(self.time):
            return
        self._pruned = day(self.time)
        oldest = day(max(0, self.time - DAYS_KEPT * DAY))
        old = [each for each in await self._surely("HKEYS", self.keys.counts) if each < oldest]
        if old:
            await self._surely("HDEL", self.keys.counts, *old)

    async def _surely(self, *command: Any) -> Any:
        """The answer of Redis. Repeats the command until it succeeds. Meanwhile the log is not read."""
        while True:
            try:
                return await self.link.call(*command)
            except ViewLost:
                await asyncio.sleep(max(self.link.breaker.left, 0.1))


def _field(tp: Tp) -> str:
    return f"{tp[0]}:{tp[1]}"


async def clear(link: Link, keys: RedisKeys) -> int:
    """Deletes the view; writers then start again at the beginning of the log. Returns the number of deleted keys.

    It deletes counts and offsets in one step, so a running writer finds both or neither. Raises ViewLost if
    Redis does not answer for PATIENCE_S.
    """
    dropped, cursor = 0, "0"
    whole = (keys.offsets, keys.counts, keys.fired, keys.triggers)
    while True:
        cursor, found = await _patiently(
            link, "SCAN", cursor, "MATCH", f"{keys.all}*", "COUNT", 500
        )
        if of_people := [key for key in found if key not in whole]:
            dropped += int(await _patiently(link, "UNLINK", *of_people))
        if str(cursor) == "0":
            break
    dropped += int(await _patiently(link, "DEL", *whole))
    say(log, "cleared", keys=dropped)
    return dropped


async def _patiently(link: Link, *command: str | int) -> Any:
    """The answer of Redis. Repeats the command for PATIENCE_S. Raises ViewLost."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await link.call(*command)
        except ViewLost:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(max(link.breaker.left, 0.1))
