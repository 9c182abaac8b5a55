"""The command `erase`: deletes all data of a person, and with `--check` says what is left.

It searches the states for the person's visitors and keys of identity. For each of them it writes an event
`person.erased` to `storefront.events`, which makes the workers delete the data. With `--check` it writes nothing.
With `--follow` it is an eraser, which runs until it is stopped: agents/eraser. docs/privacy.md says when to use it.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from agents.config.common import add_metrics
from agents.config.environment import Environment
from agents.config.pepper import PEPPER, pepper
from agents.config.settings import Settings, SettingsError
from agents.connect.contacts import keyed
from agents.eraser import eraser
from agents.eraser.settings import EraserSettings
from agents.erasure import traces, writing
from agents.erasure.events import events
from agents.erasure.finding import Sought, find, find_left
from agents.erasure.states import Changelogs
from agents.erasure.traces import KEPT, Trace
from agents.erasure.wanted import ErasedNames
from agents.kafka.topics import EVENTS
from agents.kafka.unreachable import told
from agents.runtime.log import configure
from agents.worker.producer import AUDIENCES
from stream.events.faults import Unread
from stream.events.scalars import HASH
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
    parser.add_argument(
        "--follow",
        action="store_true",
        help="run until stopped, and erase what is still kept of everybody in people.erased",
    )
    add_metrics(parser, eraser.METRICS)


def run(args: argparse.Namespace) -> int:
    """0: the events are written, nothing is left, or a signal stopped --follow. 1: something is left, or a server does
    not answer. 2: wrong arguments or settings, or with --follow topics missing."""
    if args.follow:
        return _follow(args)
    try:
        settings = Settings.read()
        settings.require_kafka()
        given = given_names(args, Environment(os.environ))
        return asyncio.run(_check(settings, given) if args.check else _erase(settings, given))
    except (SettingsError, UnreadableState) as error:
        print(error, file=sys.stderr)
        return 2
    except (KafkaError, RedisError, OSError) as error:
        begins = "what is left cannot be read" if args.check else "nothing was erased"
        print(f"{begins}: {told(error)}", file=sys.stderr)
        return 1


def _follow(args: argparse.Namespace) -> int:
    configure()
    try:
        if args.check or args.customer or args.visitor or args.email or args.phone:
            raise SettingsError("--follow: expected no person and no --check beside it")
        settings = EraserSettings.read()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(eraser.work(settings, args.metrics))
    return 0


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


async def _erase(settings: Settings, given: ErasedNames) -> int:
    async with Changelogs(settings) as changelogs:
        person = Sought(given)
        await find(changelogs, [person])
        await find_left(changelogs, [person])
        made = events(person.wanted, person.visitors, given.keys)
        counts = {topic: await changelogs.partitions(topic) for topic in (EVENTS, AUDIENCES)}
    if not counts[EVENTS]:
        raise SettingsError(
            f"{settings.topic(EVENTS)} is missing: make it with `storefront-triggers topics`"
        )
    writer = writing.producer(settings)
    await writer.start()
    try:
        await writing.write(writer, settings, writing.COMMAND, made, person.left, counts)
    except KafkaError as error:
        print(f"not everything was erased: {told(error)}; erase again", file=sys.stderr)
        return 1
    finally:
        await writer.stop()
    for event in made:
        names = {name: value for name, value in event.items() if name != "type"}
        print("erased: " + _encode(names).decode())
    print(f"events written: {len(made)}; in a minute --check says what is left")
    return 0


async def _check(settings: Settings, given: ErasedNames) -> int:
    async with Changelogs(settings) as changelogs:
        person = Sought(given)
        await find(changelogs, [person])
        found = await traces.in_topics(changelogs, person.wanted)
    if settings.redis:
        found += await traces.in_redis(settings.redis, person.wanted)
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
