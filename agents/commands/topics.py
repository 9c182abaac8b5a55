"""The command `topics`: creates missing topics, and checks them all.

It needs the topics of the recipes file and of the published documents. Workers run the same check when they
start, and refuse to run on a wrong topic.
"""

import argparse
import asyncio
import logging
import sys
import time

from aiokafka.errors import KafkaError as ClientError
from kafka.errors import KafkaError

from agents.config.recipes import read
from agents.config.settings import Settings, SettingsError
from agents.kafka.cluster_admin import TopicsError, check, connected, create
from agents.kafka.topics import TopicsMissing
from agents.kafka.unreachable import told
from agents.published import published_log
from stream.recipes_file import RecipesError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--partitions", type=_count, metavar="N", help="partitions of storefront.events (4)"
    )
    parser.add_argument(
        "--facts-partitions", type=_count, metavar="M", help="partitions of visitor.facts (N)"
    )
    parser.add_argument(
        "--claims-partitions", type=_count, metavar="K", help="partitions of identity.claims (M)"
    )
    parser.add_argument(
        "--replication", type=_count, metavar="R", help="replicas (the broker's default)"
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text!r}")
    return int(text)


def _published(settings: Settings) -> tuple[str, ...]:
    """The recipes of documents in force now or later. Empty if the topic does not exist yet."""
    try:
        return asyncio.run(published_log.names(settings, time.time_ns() // 1_000_000))
    except TopicsMissing:
        return ()


def run(args: argparse.Namespace) -> int:
    """0: all topics exist and are right. 1: a topic is wrong, or no broker answers. 2: wrong settings."""
    # New topics have no leader for a moment, and aiokafka logs that as an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        settings = Settings.read()
        names = read(settings.recipes).names
        with connected(settings) as admin:
            counts = args.partitions, args.facts_partitions, args.claims_partitions
            made = create(admin, settings, names, *counts, args.replication)
            names = (*names, *_published(settings))
            made += create(admin, settings, names, *counts, args.replication)
            layout = check(admin, settings, names)
    except (SettingsError, RecipesError) as error:
        print(error, file=sys.stderr)
        return 2
    except (TopicsError, KafkaError, ClientError) as error:
        print(told(error), file=sys.stderr)
        return 1
    for name in made:
        print(f"made {name}")
    print(
        f"topics are right: {layout.inputs} input partitions, {layout.people} of facts, "
        f"{layout.keys} of claims"
    )
    return 0
