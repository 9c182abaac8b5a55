"""Schema files: references stay in the folder, validators change nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import SchemaError, files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of schemas of its own, inside `tmp_path`."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(files, "HOME", home)
    files.load.cache_clear()
    files.validator.cache_clear()
    return home


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    files.load.cache_clear()
    files.validator.cache_clear()


def write(folder: Path, name: str, document: Any) -> None:
    (folder / name).write_text(json.dumps(document))


def test_a_reference_is_replaced_by_what_it_points_to(folder: Path) -> None:
    write(folder, "parts.json", {"definitions": {"id": {"type": "string"}}})
    write(folder, "a.json", {"properties": {"id": {"$ref": "parts.json#/definitions/id"}}})
    assert files.load("a") == {"properties": {"id": {"type": "string"}}}


@pytest.mark.parametrize(
    "reference",
    ["http://127.0.0.1:9/x.json", "file:///etc/passwd", "../outside.json", "/etc/passwd", "b.json"],
)
def test_a_reference_out_of_the_folder_is_an_error_and_is_never_fetched(
    folder: Path, reference: str
) -> None:
    write(folder.parent, "outside.json", {})
    write(folder, "a.json", {"properties": {"id": {"$ref": reference}}})
    with pytest.raises(SchemaError, match="not in the folder"):
        files.load("a")


def test_a_reference_to_nothing_is_an_error(folder: Path) -> None:
    write(folder, "a.json", {"properties": {"id": {"$ref": "#/definitions/id"}}})
    with pytest.raises(SchemaError, match="points to nothing"):
        files.load("a")


def test_a_reference_that_leads_back_to_itself_is_an_error(folder: Path) -> None:
    write(folder, "a.json", {"properties": {"id": {"$ref": "a.json"}}})
    with pytest.raises(SchemaError, match="back to itself"):
        files.load("a")


def test_a_field_beside_a_reference_is_an_error(folder: Path) -> None:
    write(folder, "a.json", {"properties": {"id": {"$ref": "#", "type": "string"}}})
    with pytest.raises(SchemaError, match="would be ignored"):
        files.load("a")


@pytest.mark.parametrize("name", ["nothing", "../pyproject", "/etc/passwd", ""])
def test_a_name_that_is_not_a_schema_is_an_error(name: str) -> None:
    with pytest.raises(SchemaError, match="no schema"):
        files.load(name)


def test_a_default_is_never_put_into_the_document(folder: Path) -> None:
    write(folder, "a.json", {"properties": {"id": {"type": "string", "default": "x"}}})
    document: dict[str, Any] = {}
    files.validator("a")(document)
    assert document == {}
