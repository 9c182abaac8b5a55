"""The command simulate: which options belong to a file, and which to live traffic."""

from pathlib import Path

import pytest

from agents.__main__ import main


def test_a_file_has_the_traffic_of_its_seed(tmp_path: Path) -> None:
    def written(*more: str) -> bytes:
        file = tmp_path / "events.jsonl"
        assert main(["simulate", "--visitors", "3", "--out", str(file), *more]) == 0
        return file.read_bytes()

    assert written() == written("--seed", "1", "--start", "2026-01-05T00:00", "--length", "1d")
    assert written("--seed", "0") != written()


@pytest.mark.parametrize("option", ["--rate", "--seconds"])
def test_an_option_of_live_traffic_is_refused_beside_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    file = tmp_path / "events.jsonl"
    assert main(["simulate", "--out", str(file), option, "100"]) == 2
    assert capsys.readouterr().err == f"{option}: is for traffic to Kafka: leave --out out\n"
    assert not file.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--visitors", "5"), ("--start", "2026-01-05T00:00"), ("--length", "1d"), ("--years", "1")],
)
def test_an_option_of_a_file_is_refused_without_one(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["simulate", option, value]) == 2
    assert capsys.readouterr().err == f"{option}: expected --out FILE too\n"
