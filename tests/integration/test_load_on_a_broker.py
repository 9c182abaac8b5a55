"""A file loaded into a real broker for a replay, and read back raw."""

import argparse
import gzip
import json
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from agents.commands import load
from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.replay.records import CLOCK, Record, records
from stream import recipes_file

T = 1_767_225_600_000
PARTITIONS = 3


@pytest.fixture
def topic(broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty input topic of a replay."""
    monkeypatch.setenv("TRIGGERS_KAFKA", broker)
    monkeypatch.setenv("TRIGGERS_PREFIX", prefix)
    monkeypatch.setenv("TRIGGERS_TIME", "record")
    settings = Settings.read()
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, PARTITIONS)
    return settings.topic("storefront.events")


def lines(count: int = 5_000) -> list[bytes]:
    events = [
        {"t": T + 97 * n, "id": f"e-{n}", "type": "activity.pinged", "visitor": f"v-{n % 50}"}
        for n in range(count)
    ]
    return [json.dumps(event).encode() for event in events] + [b"{", b""]


def written(folder: Path, given: list[bytes], name: str = "events.jsonl") -> Path:
    file = folder / name
    data = b"\n".join(given) + b"\n"
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


def run(file: Path) -> int:
    return load.run(argparse.Namespace(file=file, any_time=False, recipes=None))


def read(broker: str, topic: str) -> dict[int, list[Record]]:
    consumer = KafkaConsumer(bootstrap_servers=broker.split(","), enable_auto_commit=False)
    parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(parts)
    found: dict[int, list[Record]] = {part.partition: [] for part in parts}
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=1000).values():
            for each in batch:
                found[each.partition].append(
                    Record(each.partition, each.timestamp, each.key, each.value)
                )
    consumer.close()
    return found


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_the_topic_has_the_files_records_in_order_with_their_times(
    broker: str, topic: str, tmp_path: Path, name: str
) -> None:
    given = lines()
    assert run(written(tmp_path, given, name)) == 0
    expected = list(records(given, PARTITIONS))
    found = read(broker, topic)
    for partition, log in found.items():
        assert log == [record for record in expected if record.partition == partition]
        assert log[-1].value == CLOCK


def test_a_topic_that_is_not_empty_is_refused(
    topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, lines(10))
    assert run(file) == 0
    assert run(file) == 1
    assert "not empty" in capsys.readouterr().err


def test_nothing_is_written_of_a_file_that_goes_back(
    broker: str, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = lines(10)
    file = written(tmp_path, [*given, given[0]])
    assert run(file) == 2
    assert f"{file}:13: t goes back" in capsys.readouterr().err
    assert not any(read(broker, topic).values())


def test_a_line_that_no_record_holds_is_refused(
    topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, [b'{"t":1,"x":"' + b"a" * 1_000_000 + b'"}'])
    assert run(file) == 2
    assert f"{file}:1: " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nothing.jsonl", "torn.jsonl.gz"])
def test_a_file_that_cannot_be_read_is_named(
    topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    if name == "torn.jsonl.gz":
        (tmp_path / name).write_bytes(gzip.compress(b"{}\n" * 9999)[:40])
    assert run(tmp_path / name) == 2
    assert name in capsys.readouterr().err


def test_live_input_is_refused(
    broker: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIGGERS_KAFKA", broker)
    monkeypatch.setenv("TRIGGERS_PREFIX", prefix)
    settings = Settings.read()
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, PARTITIONS)
    assert run(written(tmp_path, lines(10))) == 2
    assert "TRIGGERS_TIME=record" in capsys.readouterr().err
    monkeypatch.setenv("TRIGGERS_TIME", "record")
    assert run(written(tmp_path, lines(10))) == 1
    assert (
        "expected message.timestamp.type=CreateTime, got LogAppendTime" in capsys.readouterr().err
    )
