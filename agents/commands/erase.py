"""The command `erase`: deletes all data of a person, and with `--check` says what is left.

It searches the states for the person's visitors and keys of identity. For each of them it writes an event
`person.erased` to `storefront.events`, which makes the workers delete the data. With `--check` it writes nothing.
docs/privacy.md says when to use it.
"""

import argparse
import asyncio
import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from agents.config.environment import Environment
from agents.config.pepper import PEPPER, pepper
from agents.config.settings import Settings, SettingsError, aiokafka_options
from agents.connect.contacts import keyed
from agents.erasure import search, traces
from agents.erasure.events import Event, events
from agents.erasure.states import Changelogs, key_of, person_of, visitor_of
from agents.erasure.traces import KEPT, Trace
from agents.erasure.wanted import ErasedNames
from agents.kafka.partitioner import partition_of
from agents.kafka.topics import EVENTS, STATE_KEYS, STATE_PEOPLE, STATE_VISITORS
from agents.worker.producer import AUDIENCES
from stream.events.decoding import parse
from stream.events.faults import Unread
from stream.events.scalars import HASH
from stream.state.visitor import Visitor
from stream.store.changelog import UnreadableState

_encode: Final = msgspec.json.Encoder().encode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customer", metavar="ID", help="the shop's id of the customer")
    parser.add_argument("--visitor", metavar="ID", help="a visitor, and the person that uses it")
    parser.add_argument("--email", metavar="ADDRESS", help="an e-mail address, or its key")
    parser.add_argument(
        "--phone", metavar="NUMBER", help="a phone number with its country code, or its key"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; only say what is known of the person"
    )


def run(args: argparse.Namespace) -> int:
    """0: the events are written, or nothing is left. 1: something is left, or a server does not answer. 2: wrong
    arguments or settings."""
    try:
        settings = Settings.read()
        settings.require_kafka()
        given = given_names(args, Environment(os.environ))
        return asyncio.run(_check(settings, given) if args.check else _erase(settings, given))
    except (SettingsError, UnreadableState) as error:
        print(error, file=sys.stderr)
        return 2
    except (KafkaError, RedisError, OSError) as error:
        print(f"nothing was erased: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def given_names(args: argparse.Namespace, env: Environment) -> ErasedNames:
    """The names on the command line. Raises SettingsError."""
    names = ErasedNames()
    if args.customer:
        names.customers.add(args.customer)
    if args.visitor:
        names.visitors.add(args.visitor)
    for kind, address in (("email", args.email), ("phone", args.phone)):
        if address:
            names.keys.add(f"{kind}:{_key(kind, address, env)}")
    if not names.names:
        raise SettingsError(
            "expected --customer, --visitor, --email or --phone, got none: name the person to erase"
        )
    return names


def _key(kind: str, given: str, env: Environment) -> str:
    """The key of an address. A key stays as it is."""
    given = given.removeprefix(f"{kind}:")
    is_address = "@" in given if kind == "email" else given.startswith("+")
    if not is_address:
        try:
            return str(HASH.read(given))
        except Unread:
            expected = "an e-mail address" if kind == "email" else "a number such as +4917612345678"
            raise SettingsError(f"--{kind}: expected {expected}, or its key") from None
    secret = pepper(env)
    if secret is None:
        raise SettingsError(
            "\n".join(
                [*env.mistakes, f"--{kind}: {PEPPER} is not set: it is needed to make the key"]
            )
        )
    key = keyed(secret)(kind, given)
    if key is None:
        raise SettingsError(f"--{kind}: expected a valid address")
    return key


async def find(
    changelogs: Changelogs, given: ErasedNames
) -> tuple[ErasedNames, dict[str, Visitor]]:
    """(all names of the person, the states of its visitors). It searches again until it finds no new name."""
    wanted = given.copy()
    while True:
        before = wanted.names
        needles = wanted.needles()
        visitors = await _decoded(changelogs, STATE_VISITORS, needles, visitor_of)
        for state in visitors.values():
            search.of_visitor(state, wanted)
        for key in (await _decoded(changelogs, STATE_KEYS, needles, key_of)).values():
            search.of_key(key, wanted, given.keys)
        for person in (await _decoded(changelogs, STATE_PEOPLE, needles, person_of)).values():
            search.of_person(person, wanted)
        if wanted.names == before:
            return wanted, visitors


async def _decoded(changelogs: Changelogs, topic: str, needles: list[bytes], of: Any) -> Any:
    return {key: of(value) for key, value in (await changelogs.states(topic, needles)).items()}


async def _erase(settings: Settings, given: ErasedNames) -> int:
    async with Changelogs(settings) as changelogs:
        wanted, states = await find(changelogs, given)
        made = events(wanted, states, given.keys)
        old = await _left_long_ago(changelogs, wanted)
        counts = {topic: await changelogs.partitions(topic) for topic in (EVENTS, AUDIENCES)}
    if not counts[EVENTS]:
        raise SettingsError(
            f"{settings.topic(EVENTS)} is missing: make it with `storefront-triggers topics`"
        )
    await _write(settings, made, old, counts)
    for event in made:
        names = {name: value for name, value in event.items() if name not in ("id", "type")}
        print("erased: " + _encode(names).decode())
    print(f"events written: {len(made)}; in a minute --check says what is left")
    return 0


async def _left_long_ago(changelogs: Changelogs, wanted: ErasedNames) -> list[str]:
    """Record keys of audiences that the person has left. Workers delete only those of the recipes in force."""
    last: dict[str, bool] = {}
    async for row in changelogs.rows(AUDIENCES):
        if row.key.partition("|")[2] in wanted.people:
            last[row.key] = row.value is not None and b"storefront.audience.left.v1" in row.value
    return [key for key, left in last.items() if left]


async def _write(
    settings: Settings, made: Iterable[Event], old: Iterable[str], counts: Mapping[str, int]
) -> None:
    producer = AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id="triggers-erase",
        acks="all",
        enable_idempotence=True,
    )
    await producer.start()
    try:
        for event in made:
            value = _encode({"id": f"erase-{uuid.uuid4().hex}", **event})
            read = parse(value)
            assert read is not None, "an event"
            key = read.visitor.encode()
            partition = partition_of(key, counts[EVENTS])
            await producer.send_and_wait(settings.topic(EVENTS), value, key, partition)
        for name in old:
            key, topic = name.encode(), settings.topic(AUDIENCES)
            await producer.send_and_wait(topic, None, key, partition_of(key, counts[AUDIENCES]))
    finally:
        await producer.stop()


async def _check(settings: Settings, given: ErasedNames) -> int:
    async with Changelogs(settings) as changelogs:
        wanted, _ = await find(changelogs, given)
        found = await traces.in_topics(changelogs, wanted)
    if settings.redis:
        found += await traces.in_redis(settings.redis, wanted)
    for line in lines(found):
        print(line)
    if not found:
        where = "the compacted topics and Redis" if settings.redis else "the compacted topics"
        print(f"nothing is left in {where}")
    return 1 if found else 0


def lines(traces: Iterable[Trace]) -> list[str]:
    """A line for each place and key, kept ones first."""
    counts = Counter(traces)
    ranked = sorted(counts, key=lambda trace: (trace.state != KEPT, trace.place, trace.key))
    return [f"{each.place} {each.key}: {each.state} ({counts[each]})" for each in ranked]
