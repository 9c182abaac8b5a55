"""Finds what is left of a person in the compacted topics and in Redis. It reads all of both, and changes nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from redis.asyncio import Redis

from agents.erasure.states import COMPACTED, Changelogs, StateRecord, plain_json, plain_state
from agents.erasure.wanted import ErasedNames
from agents.worker.producer import AUDIENCES
from stream.store.changelog import HEADER

KEPT: Final = "is kept"
WAITS: Final = "waits for compaction"
REDIS: Final = "Redis"


class Trace(NamedTuple):
    """A mention of the person. `state`: KEPT for the newest record of a key, WAITS for one that compaction deletes."""

    place: str
    key: str
    state: str


async def in_topics(changelogs: Changelogs, wanted: ErasedNames) -> list[Trace]:
    """A trace for each record that mentions the person."""
    found = []
    for topic in COMPACTED:
        newest: dict[str, StateRecord] = {}
        mentions: Counter[str] = Counter()
        async for row in changelogs.rows(topic):
            if _mentions(row, wanted):
                mentions[row.key] += 1
                newest[row.key] = row
            elif row.key in newest:
                newest[row.key] = row
        for key, number in mentions.items():
            last = newest[key]
            kept = _is_kept(last) and _mentions(last, wanted)
            states = ([KEPT] if kept else []) + [WAITS] * (number - kept)
            found += [Trace(topic, key, state) for state in states]
    return found


def _is_kept(row: StateRecord) -> bool:
    """Whether compaction keeps a record: it is not a tombstone, nor a header-only record that will get one."""
    return row.value is not None and (row.topic == AUDIENCES or len(row.value) > HEADER.size)


def _mentions(row: StateRecord, wanted: ErasedNames) -> bool:
    if row.key and wanted.is_named(row.key):
        return True
    value = row.value
    if value is None or not any(needle in value for needle in wanted.needles()):
        return False
    if row.topic == AUDIENCES:
        return wanted.is_mentioned(plain_json(value))
    return len(value) > HEADER.size and wanted.is_mentioned(plain_state(value[HEADER.size :]))


async def in_redis(url: str, wanted: ErasedNames) -> list[Trace]:
    """A trace for each key and each entry that mentions the person. Raises redis.exceptions.RedisError."""
    client: Any = Redis.from_url(url, decode_responses=True)
    try:
        found = []
        async for key in client.scan_iter(count=500):
            async for text in _entries(client, key):
                if text is key or any(needle in text.encode() for needle in wanted.needles()):
                    found += [Trace(REDIS, key, KEPT)] if _names_person(text, wanted) else []
        return found
    finally:
        await client.aclose()


async def _entries(client: Any, key: str) -> AsyncIterator[str]:
    yield key
    match await client.type(key):
        case "string":
            yield await client.get(key) or ""
        case "hash":
            for name, value in (await client.hgetall(key)).items():
                yield name
                yield value
        case "zset":
            for member in await client.zrange(key, 0, -1):
                yield member
        case "set":
            for member in await client.smembers(key):
                yield member


def _names_person(text: str, wanted: ErasedNames) -> bool:
    """Whether a JSON document mentions the person, or a text has a name, alone or behind one of its colons."""
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError:
        document = None
    if isinstance(document, dict | list):
        return wanted.is_mentioned(document)
    return any(map(wanted.is_named, _ends(text)))


def _ends(text: str) -> Iterator[str]:
    yield text
    parts = text.split(":")
    for place in range(1, len(parts)):
        yield ":".join(parts[place:])
