"""The topics are asked for until a broker answers, also in an outage."""

import asyncio

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.offsets import Offsets
from agents.kafka.topics import EVENTS
from agents.local.cluster import cluster
from agents.local.node import Node
from stream import recipes_file

WITHIN_S = 60


async def told(settings: Settings, node: Node) -> set[str]:
    """The topics, asked for while the broker is away."""
    asked = Offsets(settings)
    await asked.start()
    node.kill()
    waiting = asyncio.ensure_future(asked.topics())
    await asyncio.wait((waiting,), timeout=1)
    assert not waiting.done(), waiting
    node.launch()
    try:
        return await asyncio.wait_for(waiting, WITHIN_S)
    finally:
        await asked.stop()


def test_the_topics_are_asked_for_until_a_killed_broker_is_back() -> None:
    with cluster() as own:
        (node,) = own.nodes
        settings = Settings(kafka=(own.bootstrap,))
        with cluster_admin.connected(settings) as admin:
            cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 1)
        assert settings.topic(EVENTS) in asyncio.run(told(settings, node))
