"""The command `connect past`: a file of what a source sent becomes a file that a backtest reads."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from agents.commands import connect
from agents.replay import sorted_runs
from agents.replay.sorted_runs import SortedRuns

SOURCES = """
sources:
- {name: tags, kind: ga4, keys: [G-1], currency: EUR}
- {name: backend, kind: segment, trust: server, secrets: [hush]}
"""
T = 1_796_000_000_000


def past(folder: Path, source: str, *records: Any, out: str = "events.jsonl") -> tuple[int, Path]:
    sources, file = folder / "sources.yaml", folder / "rows.json"
    sources.write_text(SOURCES)
    file.write_text(
        "".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in records)
    )
    command = ["connect", "past", source, str(file), "--out", str(folder / out)]
    return main([*command, "--sources", str(sources)]), folder / out


def row(second: int, name: str, **values: Any) -> dict[str, Any]:
    """A row of GA4's export."""
    parameters = [{"key": key, "value": {"string_value": each}} for key, each in values.items()]
    time = str((T + second * 1000) * 1000)
    return {
        "event_timestamp": time,
        "event_name": name,
        "user_pseudo_id": "11.22",
        "event_params": parameters,
        "items": [{"item_id": "lamp", "price": "40", "quantity": "1"}],
    }


def events(file: Path) -> list[tuple[int, str]]:
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [(each["t"], each["type"]) for each in map(json.loads, raw.splitlines())]


@pytest.mark.parametrize("out", ["events.jsonl", "events.jsonl.gz"])
def test_rows_of_an_export_become_events_in_order_of_time(out: str, tmp_path: Path) -> None:
    bought = row(60, "purchase", transaction_id="T-1", currency="EUR")
    status, file = past(tmp_path, "tags", bought, row(0, "view_item"), "", out=out)
    assert status == 0
    assert events(file) == [(T, "product.viewed"), (T + 60_000, "order.placed")]


def test_a_backtest_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, file = past(tmp_path, "tags", row(0, "view_item"), row(9, "add_to_cart"))
    assert main(["backtest", str(file), "--out", str(tmp_path / "out")]) == 0
    assert "events: 2 applied" in capsys.readouterr().out


def test_a_message_of_an_archive_happened_before_it_was_received(tmp_path: Path) -> None:
    message = {
        "type": "track", "event": "Checkout Started", "messageId": "m", "anonymousId": "v-1", "channel": "server",
        "originalTimestamp": "2026-11-01T10:00:00Z", "sentAt": "2026-11-01T10:00:07Z",
        "receivedAt": "2026-11-01T12:00:00Z",
    }  # fmt: skip
    status, file = past(tmp_path, "backend", message)
    assert status == 0
    assert events(file) == [(1_793_534_393_000, "checkout.started")]


def test_what_has_no_time_or_cannot_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeless = {**row(0, "view_item"), "event_timestamp": None}
    status, file = past(tmp_path, "tags", timeless, row(0, "purchase"), "no json")
    assert status == 1
    assert events(file) == []
    told = capsys.readouterr().out
    assert "0 events of tags" in told
    assert "left out: 1 × product.viewed: no_time (it has no time" in told
    assert "left out: 1 × purchase: no_transaction_id (" in told
    assert "refused: 1 × not_json" in told


def many(number: int) -> list[dict[str, Any]]:
    """Rows in disorder. Each time has three, which only their place in the file puts into order."""
    return [row(at * 7 % 11, "view_item", page=f"/p{at}") for at in range(number)] + [
        row(second, "purchase", transaction_id=f"T-{second}") for second in (9, 3, 3, 0)
    ]


@pytest.mark.parametrize("most", [1, 700, 2_000])
def test_sorted_in_files_the_bytes_are_those_of_memory(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file = past(tmp_path, "tags", *many(60))
    expected = file.read_bytes()
    assert len(expected.splitlines()) == 64
    monkeypatch.setattr(connect, "MOST", most)
    monkeypatch.setattr(sorted_runs, "WIDTH", 3)
    _, file = past(tmp_path, "tags", *many(60), out="again.jsonl")
    assert file.read_bytes() == expected
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"sources.yaml", "rows.json", "events.jsonl", "again.jsonl"}


def test_no_temporary_file_stays_when_the_input_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    past(tmp_path, "tags", *many(200))
    packed = tmp_path / "rows.json.gz"
    packed.write_bytes(gzip.compress((tmp_path / "rows.json").read_bytes(), mtime=0)[:-400])
    before = {each.name for each in tmp_path.iterdir()}
    runs = list[Path]()
    kept = SortedRuns._run

    def run(self: SortedRuns, lines: Any) -> Path:
        runs.append(kept(self, lines))
        return runs[-1]

    monkeypatch.setattr(connect, "MOST", 700)
    monkeypatch.setattr(SortedRuns, "_run", run)
    out = str(tmp_path / "cut.jsonl")
    command = ["connect", "past", "tags", str(packed), "--out", out]
    assert main([*command, "--sources", str(tmp_path / "sources.yaml")]) == 2
    assert runs
    assert "ended before the end-of-stream marker" in capsys.readouterr().err
    assert {each.name for each in tmp_path.iterdir()} == before
