"""The command `connect past`: a file of what a source sent becomes a file that a backtest reads."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main

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
