"""`erase` where a topic refuses what it writes: a part may be erased already, so it does not say that nothing was."""

import pytest

from agents.__main__ import main
from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS
from stream import recipes_file
from tests.integration.test_topics_on_a_broker import alter


def test_an_erasure_that_was_refused_says_to_erase_again(
    broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix)
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 1, 1, 1)
        alter(admin, settings.topic(EVENTS), max_message_bytes="10")
    monkeypatch.setenv("TRIGGERS_KAFKA", broker)
    monkeypatch.setenv("TRIGGERS_PREFIX", prefix)
    assert main(["erase", "--customer", "anna"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = [each for each in told.err.splitlines() if "erased" in each]
    assert line.startswith("not everything was erased: ")
    assert "MessageSizeTooLarge" in line
    assert line.endswith("; erase again")
