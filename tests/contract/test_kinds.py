"""A new kind of trigger needs one file in stream/, one schema with examples, one line in the registry."""

import ast
import json
from functools import cache
from pathlib import Path

import pytest

import schemas
from stream import backtest
from stream.kinds.registry import KINDS
from stream.outputs import triggers
from tests import checked
from tests.contract.sources import parsed
from tests.reference import generate

ROOT = Path(__file__).parents[2]


@cache
def with_a_file() -> set[str]:
    """The kinds whose DEFAULTS are in files of stream/."""
    found = set()
    for file in (ROOT / "stream").rglob("*.py"):
        for node in parsed(file).body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "DEFAULTS":
                found.add(file.stem.replace("_", "-"))
    return found


def with_a_schema() -> set[str]:
    return {name.removeprefix("kinds/") for name in schemas.names("kinds")}


def with_examples() -> set[str]:
    home = ROOT / "schemas" / "examples" / "kinds"
    return {
        folder.name
        for folder in home.iterdir()
        if list(folder.glob("valid/*.json")) and list(folder.glob("invalid/*.json"))
    }


def missing(kind: str) -> list[str]:
    """The missing parts of a kind of trigger, one sentence each."""
    file = kind.replace("-", "_")
    lacks = {
        f"{kind} has no file stream/{file}.py with its DEFAULTS": with_a_file(),
        f"{kind} has no schema schemas/kinds/{kind}.json": with_a_schema(),
        f"{kind} has no examples, valid and invalid, in schemas/examples/kinds/{kind}": (
            with_examples()
        ),
        f"{kind} has no line in the REGISTRY of stream/kinds/registry.py": set(KINDS),
    }
    return [sentence for sentence, having in lacks.items() if kind not in having]


@pytest.mark.parametrize(
    "kind", sorted(with_a_file() | with_a_schema() | with_examples() | set(KINDS))
)
def test_a_kind_has_its_file_its_schema_with_examples_and_its_line(kind: str) -> None:
    assert missing(kind) == []


def test_each_missing_part_of_a_new_kind_has_a_sentence() -> None:
    assert missing("price-drop") == [
        "price-drop has no file stream/price_drop.py with its DEFAULTS",
        "price-drop has no schema schemas/kinds/price-drop.json",
        "price-drop has no examples, valid and invalid, in schemas/examples/kinds/price-drop",
        "price-drop has no line in the REGISTRY of stream/kinds/registry.py",
    ]


def test_every_trigger_keeps_the_schema_of_its_kind() -> None:
    kinds = set()
    made = [(generate.recipes(seed), generate.log(seed, 150)) for seed in range(20)]
    made += [(generate.life_recipes(seed), generate.life_log(seed, 150)) for seed in range(10)]
    for document, log in made:
        rules = checked.recipes(document)
        for value in backtest.decide(log, rules)[0]:
            event = json.loads(value)
            if event["type"] == triggers.FIRED:
                kind = rules.by_name[event["data"]["recipe"]].kind
                schemas.validator(f"kinds/{kind}")(event)
                kinds.add(kind)
    assert kinds == set(KINDS)


def test_no_other_file_of_the_core_or_of_the_schemas_names_the_kinds_in_a_list() -> None:
    """Code that needs all kinds uses the registry."""
    core = list((ROOT / "stream").rglob("*.py"))
    assert len(core) > 40
    for file in [*core, *(ROOT / "schemas").glob("*.json")]:
        named = [kind for kind in KINDS if f'"{kind}"' in file.read_text()]
        assert len(named) <= 1 or file.name == "recipe.py", f"{file.name} names {named}"
