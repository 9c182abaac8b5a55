"""A worker that SIGTERM meets while it starts ends with 0, and logs no error."""

import asyncio
import os
import subprocess
import sys
from typing import Final

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.published import published_log
from stream import recipes_file
from tests.faults.proxy import proxied

DOCUMENT = {"recipes": [{"name": "cart-abandonment", "version": 2}]}
WITHIN_S = 120

WORKER: Final = """
import os, signal, sys
from aiokafka.client import AIOKafkaClient
from agents.__main__ import main

asks = AIOKafkaClient.fetch_all_metadata

async def asked(client):
    print("asks", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGTERM)
    return await asks(client)

AIOKafkaClient.fetch_all_metadata = asked
sys.exit(main(["worker"]))
"""
"""A worker that sends itself SIGTERM when it asks for the topics, once the test has taken the answer away."""


def test_a_worker_that_asks_for_the_topics_ends_at_sigterm_without_an_error() -> None:
    """It asks for the topics of published recipes. No answer comes, so the signal always meets that request."""
    with proxied() as (own, proxy, address):
        settings = Settings(kafka=(own.bootstrap,))
        with cluster_admin.connected(settings) as admin:
            cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 1)
        asyncio.run(published_log.append(settings, [(DOCUMENT, None, "a test", "")]))
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, "TRIGGERS_METRICS": "", "TRIGGERS_KAFKA": address},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert worker.stdout
            assert worker.stdout.readline() == "asks\n"
            proxy.mute = True
            _, said = worker.communicate("\n", timeout=WITHIN_S)
        finally:
            worker.kill()
    assert worker.returncode == 0
    assert " ERROR " not in said
    assert "Traceback" not in said
