"""A release's contracts hold in the next one; agents/generate/released_contracts.py defines the rule."""

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fastjsonschema
import msgspec
import pytest
from fastjsonschema import JsonSchemaValueException

import schemas
from agents.generate import released_contracts
from schemas.files import FORMATS
from stream import recipes_file
from stream.events import decoding
from stream.state import claims, facts
from tests.contract.day import Said

VERSIONS = sorted(released_contracts.FOLDER.glob("*.json"))
FROZEN = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in VERSIONS}
EXAMPLES = [
    (release, name, number)
    for release, frozen in FROZEN.items()
    for name, documents in frozen["examples"].items()
    for number in range(len(documents))
]
OUTPUTS = [(release, name) for release, frozen in FROZEN.items() for name in frozen["schemas"]]


def validator(schema: Any) -> Any:
    return fastjsonschema.compile(schema, formats=FORMATS, use_default=False)


def written(name: str, said: Said) -> Iterator[Any]:
    """Yields documents written today: those of a simulated day, and the examples."""
    yield from released_contracts.examples(name)
    values = said.decisions if name == "decision" else said.triggers
    for document in map(msgspec.json.decode, values):
        if name == "decision" or schemas.load(name)["title"] == document["type"]:
            yield document


def test_this_release_is_frozen() -> None:
    assert version("storefront-triggers") in FROZEN, (
        "run python -m agents.generate.released_contracts"
    )


@pytest.mark.parametrize(("release", "name", "number"), EXAMPLES)
def test_examples_that_were_valid_are_valid(release: str, name: str, number: int) -> None:
    schemas.validator(name)(deepcopy(FROZEN[release]["examples"][name][number]))


@pytest.mark.parametrize(("release", "name", "number"), EXAMPLES)
def test_records_that_were_readable_are_readable(release: str, name: str, number: int) -> None:
    document = FROZEN[release]["examples"][name][number]
    value = json.dumps(document).encode()
    if name.startswith("events/") or name == "envelope":
        event = decoding.decode(value)
        assert event is not None
        assert event.id == document["id"]
    elif name.startswith("facts/"):
        facts.decode(value)
    elif name == "recipes":
        recipes_file.load(value.decode())


@pytest.mark.parametrize(("release", "name"), OUTPUTS)
def test_records_of_today_are_valid_by_the_released_schemas(
    release: str, name: str, said: Said
) -> None:
    valid = validator(FROZEN[release]["schemas"][name])
    documents = list(written(name, said))
    assert documents
    for document in documents:
        valid(document)


def test_a_removed_field_is_noticed() -> None:
    frozen = FROZEN[min(FROZEN)]
    document = deepcopy(frozen["examples"]["trigger.fired"][0])
    del document["data"]["valid_until"]
    with pytest.raises(JsonSchemaValueException):
        validator(frozen["schemas"]["trigger.fired"])(document)


def test_a_field_that_is_new_is_no_break() -> None:
    frozen = FROZEN[min(FROZEN)]
    document = deepcopy(frozen["examples"]["trigger.fired"][0])
    document["data"]["new"] = {"of": "the next release"}
    validator(frozen["schemas"]["trigger.fired"])(document)


def test_the_parts_of_a_state_are_written_as_arrays_without_names() -> None:
    """But those of facts and claims, which are JSON for readers of any release."""
    folder = Path(__file__).parents[2] / "stream" / "state"
    modules = [import_module(f"stream.state.{file.stem}") for file in sorted(folder.glob("*.py"))]
    kinds = [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and each.__module__ == module.__name__
    ]
    named = {each for each in kinds if not each.__struct_config__.array_like}
    sent = (facts.Fact, claims.Claim, facts.CartSummary, facts.Summary, facts.WatermarkRecord)
    assert {each.__name__ for each in named if not issubclass(each, sent)} == set()
    assert len(kinds) > 2 * len(named) > 0
