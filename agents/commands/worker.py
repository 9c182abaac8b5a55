"""The command `worker`: turns events into triggers, until it is stopped.

The path of an event, in agents/worker: consumer.py fetches it, visitors.py applies it, producer.py sends the outputs,
checkpoint.py makes them durable. people.py applies the facts. An error that is neither temporary nor a fault of the data
ends the process. A supervisor then starts it again, and it continues from the committed offsets.
"""

import argparse
import asyncio
import gc
import logging
import sys
from functools import partial
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from agents.config.recipes import read
from agents.config.settings import Settings, SettingsError
from agents.kafka import cluster_admin
from agents.kafka.cluster_admin import TopicsError
from agents.runtime.log import configure, say
from agents.runtime.shutdown import before, run_to_end
from agents.worker import health, malloc
from agents.worker.health import Health
from agents.worker.metrics import Metrics
from agents.worker.producer import retrieve_exception
from agents.worker.restore import StateError
from agents.worker.worker import AppFailed, Worker
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError
from stream.stages.backend import COMPILED
from stream.store.changelog import UnreadableState

log = logging.getLogger("triggers.worker")

COLLECT: Final = (30_000, 0, 20_000)
"""Thresholds of the garbage collector. First two higher: it searches more new objects at once, and the event loop stands
still meanwhile (100,000 objects and 2 collections: 230 ms while a million persons are created). First one lower: facts that
wait are searched too. Last one lower: with 200,000 visitors it spends most of its time on states that are in use."""

GOODBYE_S: Final = 8.0
"""Seconds for the last checkpoint and for leaving the group. It is below the 10 s that supervisors wait."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: a worker has all its settings from the environment."""


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal. 1: a failure; start it again. 2: wrong settings, recipes or topics."""
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
    """Runs the worker, then ends the process."""
    wrong = TopicsError, SettingsError
    known = KafkaError, StateError, UnreadableState, AppFailed
    await run_to_end(partial(serve, settings, recipes), log, wrong, known)


async def serve(settings: Settings, recipes: Recipes, stop: asyncio.Event) -> None:
    """Runs until a signal stops it. Raises TopicsError, SettingsError, Stopped, and every error that ends a
    worker.
    """
    metrics = Metrics(recipes.names, live=settings.time == "append")
    healthy = Health()
    try:
        await health.serve(settings, healthy, metrics)
    except OSError as error:
        raise SettingsError(f"TRIGGERS_METRICS: {error.strerror}") from None
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
    # Only here a worker may be cancelled. `stop` would close the clients of a start that still waits for their answers.
    await before(stop, worker.start())
    running, stopping = asyncio.ensure_future(worker.run()), asyncio.ensure_future(stop.wait())
    await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    say(log, "stopping")
    running.add_done_callback(retrieve_exception)  # it fails once Faust is stopped
    # Do not cancel a worker that runs: a cancelled checkpoint would lose changes that it took from the state and did not write.
    leaving = asyncio.ensure_future(worker.stop())
    await asyncio.wait((leaving,), timeout=GOODBYE_S)
    if leaving.done():
        leaving.result()
    else:
        say(log, "stopped_unflushed", logging.WARNING)
    say(log, "stopped")
