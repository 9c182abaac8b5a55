"""The command `worker`: clicks in, triggers out, until it is told to stop.

Follow an event: agents/worker/consumer.py fetches it, agents/worker/visitors.py applies it, agents/worker/producer.py sends
what is decided, agents/worker/checkpoint.py makes it durable. Facts come back through agents/worker/people.py. An error
that is neither the data's fault nor temporary ends the process. A supervisor starts it again, and it goes on from the
committed offsets.
"""

import argparse
import asyncio
import gc
import logging
import sys
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from agents.config.recipes import read
from agents.config.settings import Settings, SettingsError
from agents.kafka import cluster_admin
from agents.kafka.cluster_admin import TopicsError
from agents.runtime.log import configure, say
from agents.runtime.shutdown import Stopped, before, end, report, stop_signals
from agents.worker import health, malloc
from agents.worker.health import Health
from agents.worker.metrics import Metrics
from agents.worker.restore import StateError
from agents.worker.worker import Worker
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError
from stream.stages.backend import COMPILED
from stream.store.changelog import UnreadableState

log = logging.getLogger("triggers.worker")

COLLECT: Final = (50_000, 20, 1_000)
"""Thresholds of the garbage collector. Lower: with 200,000 visitors most of the time goes into states that are no garbage.
Higher, or none at all: no faster, and more memory."""

GOODBYE_S: Final = 8.0
"""For the last checkpoint and for leaving the group. It is below the 10 s that supervisors wait."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: a worker takes its settings from the environment alone."""


def run(args: argparse.Namespace) -> int:
    """0: stopped as told. 1: a fault; start it again. 2: wrong settings or recipes, wrong topics."""
    configure()
    try:
        settings = Settings.read()
        settings.require_kafka()
        recipes = read(settings.recipes)
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    gc.set_threshold(*COLLECT)
    malloc.keep()
    asyncio.run(work(settings, recipes))
    return 0


async def work(settings: Settings, recipes: Recipes) -> NoReturn:
    """Runs, and ends the process."""
    stop = stop_signals()
    try:
        await serve(settings, recipes, stop)
    except Stopped:
        end(0)
    except (TopicsError, SettingsError) as error:
        print(error, file=sys.stderr)
        end(2)
    except Exception as error:
        report(log, error, (KafkaError, StateError, UnreadableState))
        end(1)
    end(0)


async def serve(settings: Settings, recipes: Recipes, stop: asyncio.Event) -> None:
    """Returns when it was told to. Raises TopicsError, SettingsError, Stopped, and what makes going on
    impossible.
    """
    metrics = Metrics(recipes.names, live=settings.time == "append")
    healthy = Health()
    await health.serve(settings, healthy, metrics)
    layout, brokers = await before(stop, cluster_admin.ready(settings, recipes.names))
    metrics.set_partitions(layout)
    worker = Worker(settings, recipes, layout, brokers, metrics)
    healthy.observe(worker.assignment, worker.watermarks, worker.follower)
    say(
        log,
        "started",
        prefix=settings.prefix or "-",
        time=settings.time,
        inputs=layout.inputs,
        compiled=settings.compiled and COMPILED is not None,
    )
    running, asked = asyncio.ensure_future(worker.run()), asyncio.ensure_future(stop.wait())
    await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    say(log, "stopping")
    # Running work is not cancelled: a cancelled checkpoint has taken out changes that it has not written.
    leaving = asyncio.ensure_future(worker.stop())
    await asyncio.wait((leaving,), timeout=GOODBYE_S)
    if leaving.done():
        leaving.result()
    else:
        say(log, "stopped_unflushed", logging.WARNING)
    say(log, "stopped")
