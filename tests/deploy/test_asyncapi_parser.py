"""The official parser reads the AsyncAPI document."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.generate import asyncapi
from tests import node

CHECK = Path(__file__).parent / "asyncapi"


class Parsed(NamedTuple):
    """What the parser says of the document, and of one with a fault."""

    document: dict[str, Any]
    wrong: dict[str, Any]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    wrong = tmp_path_factory.mktemp("asyncapi") / "asyncapi.yaml"
    text = asyncapi.PAGE.read_text(encoding="utf-8")
    wrong.write_text(text.replace("action: receive", "action: read"), encoding="utf-8")
    done = node.run(CHECK, "check.mjs", f"{asyncapi.PAGE}\n{wrong}\n")
    assert done.returncode == 0, done.stderr
    return Parsed(*map(json.loads, done.stdout.splitlines()))


def test_the_official_parser_finds_no_fault(parsed: Parsed) -> None:
    said, made = parsed.document, asyncapi.document()
    assert said["diagnostics"] == []
    assert said["valid"]
    assert said["channels"] == [c["address"] for c in made["channels"].values()]
    assert len(said["messages"]) == len(made["components"]["messages"])


def test_the_official_parser_names_a_fault(parsed: Parsed) -> None:
    assert not parsed.wrong["valid"]
    assert any("action" in each["path"] for each in parsed.wrong["diagnostics"])
