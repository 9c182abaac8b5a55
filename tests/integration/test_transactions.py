"""Transactions on a broker that stops to answer: whoever waits for one is let go when the partition is left."""

import asyncio

from faust.types import TP

from agents import topics
from agents.local.kafka import Cluster, cluster
from agents.outputs import acknowledged
from agents.settings import Settings
from agents.topic_list import EVENTS, Layout
from agents.transactions import TransactionalSender
from stream import recipes

LAYOUT = Layout(1, 1)


async def sender(settings: Settings) -> TransactionalSender:
    """One that has something in the air."""
    made = TransactionalSender(settings, LAYOUT, TP(settings.topic(EVENTS), 0))
    await made.start()
    await acknowledged(await made.changes(settings.topic("state.visitors"), 0, [(b"v", b"state")]))
    return made


async def commit(of: TransactionalSender, tp: TP) -> bool:
    await of.commit({tp: 1})
    return True


async def left_while_it_commits(settings: Settings, broker: Cluster) -> tuple[bool, bool]:
    """What was told of the commit that nobody answered, and of the next owner's."""
    tp, first = TP(settings.topic(EVENTS), 0), await sender(settings)
    (node,) = broker.nodes
    node.freeze()
    try:
        flush = asyncio.create_task(first.unless_left(commit(first, tp)))
        await asyncio.sleep(1)
        assert not flush.done(), "nobody could have answered"
        first.leave()
        told = await asyncio.wait_for(flush, 5)
    finally:
        node.thaw()
    second = await sender(settings)
    after = await asyncio.wait_for(second.unless_left(commit(second, tp)), 60)
    await second.stop()
    return told, after


def test_a_commit_that_nobody_answers_holds_no_flush_back_once_the_partition_is_left() -> None:
    """A producer that is stopped tells nobody of the transaction it was about to end: the flush, of which there is
    one at a time, would wait for it for ever, and the worker with it."""
    with cluster(1) as broker:
        settings = Settings(
            kafka=(broker.bootstrap,), prefix="left.", group="left.g", delivery="exactly_once"
        )
        with topics.connected(settings) as admin:
            topics.create(admin, settings, recipes.DEFAULT.names, *LAYOUT)
        assert asyncio.run(left_while_it_commits(settings, broker)) == (False, True)
