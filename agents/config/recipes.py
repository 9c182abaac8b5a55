"""Reads recipes files, for all commands."""

import json
from pathlib import Path
from typing import Any

import yaml

from stream import recipes_file
from stream.history_file import GivenDocument
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.recipes_lines import named


def read(path: Path | None) -> Recipes:
    """The recipes of a file; the shipped ones if `path` is None. Raises RecipesError, OSError."""
    return recipes_file.DEFAULT if path is None else recipes_file.load(_text(path), str(path))


def read_history(path: Path | None) -> History:
    """The history of a file with one document or several. Raises as `read`."""
    if path is None:
        return History(recipes_file.DEFAULT)
    return recipes_file.load_history(_text(path), str(path))


def document(path: Path | None) -> dict[str, Any]:
    """The document of a file as JSON, in the published form; {} if `path` is None. Raises RecipesError, OSError."""
    if path is None:
        return {}
    text = _text(path)
    recipes_file.load(text, str(path))
    found = json.loads(json.dumps(named(yaml.safe_load(text)) or {}))
    if "history" in found:
        raise recipes_file.RecipesError(f"{path}: expected one recipes file, got a history of them")
    return dict(found)


def documents(path: Path) -> list[GivenDocument]:
    """The documents of a file with one or several, as JSON. Raises RecipesError, OSError."""
    found = recipes_file.given_documents(_text(path), str(path))
    for each in found:
        each.recipes = json.loads(json.dumps(each.recipes))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise recipes_file.RecipesError(f"{path}: expected a text file in UTF-8") from None
