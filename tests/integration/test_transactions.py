"""Transactions on a broker that stops answering: nothing waits for a transaction of a dropped partition."""

import asyncio

import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, Layout
from agents.local.cluster import Cluster
from agents.worker.producer import acknowledged
from agents.worker.transactional_producer import TransactionalProducer
from stream import recipes_file

LAYOUT = Layout(1, 1, 1)


@pytest.fixture
def settings(own: Cluster, prefix: str) -> Settings:
    """Of a service whose topics exist."""
    made = Settings(
        kafka=(own.bootstrap,), prefix=prefix, group=f"{prefix}g", delivery="exactly_once"
    )
    with cluster_admin.connected(made) as admin:
        cluster_admin.create(admin, made, recipes_file.DEFAULT.names, *LAYOUT)
    return made


async def sender(settings: Settings) -> TransactionalProducer:
    """A producer with an open transaction."""
    made = TransactionalProducer(settings, LAYOUT, TP(settings.topic(EVENTS), 0))
    await made.start()
    await acknowledged(await made.changes(settings.topic("state.visitors"), 0, [(b"v", b"state")]))
    return made


async def commit(of: TransactionalProducer, tp: TP) -> bool:
    await of.commit({tp: 1})
    return True


async def left_while_it_commits(settings: Settings, broker: Cluster) -> tuple[bool, bool]:
    """The results of the unanswered commit, and of the next owner's commit."""
    tp, first = TP(settings.topic(EVENTS), 0), await sender(settings)
    (node,) = broker.nodes
    node.freeze()
    try:
        checkpoint = asyncio.create_task(first.run_until_fenced(commit(first, tp)))
        await asyncio.sleep(1)
        assert not checkpoint.done(), "nobody could have answered"
        first.abandon()
        told = await asyncio.wait_for(checkpoint, 60)
    finally:
        node.thaw()
    second = await sender(settings)
    after = await asyncio.wait_for(second.run_until_fenced(commit(second, tp)), 120)
    await second.stop()
    return told, after


async def sent_after_the_end(settings: Settings) -> None:
    """The former owner of a partition sends after its transaction was aborted."""
    former, tp = await sender(settings), TP(settings.topic(EVENTS), 0)
    owner = await sender(settings)
    with pytest.raises(ProducerFenced):
        await former.commit({tp: 1})
    try:
        await former.changes(settings.topic("state.visitors"), 0, [(b"v", b"old state")])
    finally:
        await asyncio.gather(former.stop(), owner.stop(), return_exceptions=True)


def test_sending_in_an_ended_transaction_raises_the_reason(settings: Settings) -> None:
    """The client's own error is that it cannot send outside of a transaction."""
    with pytest.raises(ProducerFenced, match="another worker"):
        asyncio.run(asyncio.wait_for(sent_after_the_end(settings), 90))


def test_an_unanswered_commit_blocks_no_checkpoint_after_a_revoke(
    settings: Settings, own: Cluster
) -> None:
    """A stopped producer never answers a commit. The checkpoint, of which there is
    one at a time, would wait for ever."""
    assert asyncio.run(left_while_it_commits(settings, own)) == (False, True)
