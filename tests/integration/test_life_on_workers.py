"""Years of customers' lives through real workers: audience changes, shadows and outcomes equal those of a backtest."""

import json
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from agents.__main__ import main
from agents.simulator import publish, traffic
from stream import recipes_file as files
from tests.integration.replaying import missing, play
from tests.reference import generate


def watched(seed: int) -> dict[str, Any]:
    """Recipes, every third of which is a shadow. All have outcomes."""
    document: dict[str, Any] = generate.life_recipes(seed)
    for number, recipe in enumerate(document["recipes"]):
        recipe["attribution"] = "7d"
        if number % 3 == 1:
            recipe["mode"] = "shadow"
    return document


@pytest.mark.parametrize(("seed", "workers", "partitions"), [(3, 1, 1), (8, 2, 4)])
def test_a_life_gives_live_what_it_gives_in_a_backtest(
    broker: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seed: int,
    workers: int,
    partitions: int,
) -> None:
    """The command `audience` lists those whose last change was an entry."""
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(watched(seed)))
    log = generate.life_log(seed, 300)
    expected, found = play(
        broker,
        prefix,
        log,
        files.load(file.read_text()),
        tmp_path,
        workers=workers,
        partitions=partitions,
        file=file,
    )
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"
    assert found.audiences
    assert found.shadow
    assert found.outcomes
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(log) + b"\n")
    backtest = [
        "backtest",
        str(events),
        "--recipes",
        str(file),
        "--out",
        str(tmp_path),
        "--any-time",
    ]
    assert main(backtest) == 0
    monkeypatch.setenv("TRIGGERS_KAFKA", broker)
    monkeypatch.setenv("TRIGGERS_PREFIX", prefix)
    write_foreign(broker, f"{prefix}audiences", f"{prefix}triggers.outcomes")
    names = {json.loads(value)["data"]["audience"] for value in found.audiences}
    for command in (["lift"], *(["audience", name] for name in sorted(names))):
        capsys.readouterr()
        assert main([*command, "--json"]) == 0
        live = capsys.readouterr()
        assert "left out: 1 records that no worker wrote" in live.err
        assert main([*command, "--json", "--from", str(tmp_path)]) == 0
        assert capsys.readouterr().out == live.out


def write_foreign(broker: str, *topics: str) -> None:
    """Writes a record of another program to each topic."""
    producer = KafkaProducer(bootstrap_servers=broker.split(","))
    for topic in topics:
        producer.send(topic, b"hello", b"k").get(timeout=30)
    producer.close()


START = 1_672_876_800_000
DAY = 86_400_000
SHOP = Path(__file__).parents[2] / "deploy" / "recipes.yaml"
YEARS = tuple(line.rstrip() for line in publish.lines(traffic.years(1, 12, START, 730 * DAY)))


def test_simulated_years_give_the_same_live_in_a_backtest_and_in_explain(
    broker: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also for drifting customers: why they are in an audience, since when, and until when."""
    rules = files.load(SHOP.read_text())
    expected, found = play(broker, prefix, YEARS, rules, tmp_path, workers=2, file=SHOP)
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"
    file = tmp_path / "years.jsonl"
    file.write_bytes(b"\n".join(YEARS) + b"\n")
    assert main(["backtest", str(file), "--recipes", str(SHOP), "--out", str(tmp_path)]) == 0
    environ = {"KAFKA": broker, "PREFIX": prefix, "RECIPES": str(SHOP), "TIME": "record"}
    for name, value in environ.items():
        monkeypatch.setenv(f"TRIGGERS_{name}", value)
    last: dict[str, str] = {}
    for each in map(json.loads, found.audiences):
        if each["data"]["audience"] in ("at-risk-regulars", "at-risk-loyal", "lapsed"):
            last[each["data"]["audience"]] = each["data"]["person"]
    for person in sorted(set(last.values())):
        capsys.readouterr()
        assert main(["explain", person]) == 0
        live = capsys.readouterr().out
        assert "entered the audience" in live
        assert main(["explain", person, "--from", str(tmp_path), "--events", str(file)]) == 0
        assert capsys.readouterr().out == live
