"""Recipes of documents that tests make. A file's text is read by YAML, which costs more than a short log's decisions."""

import json
from typing import Any

from stream import recipes_file
from stream.recipes.history import START, History
from stream.recipes.recipe import Recipes


def recipes(document: dict[str, Any]) -> Recipes:
    """As `recipes_file.load` of the document's JSON. Raises RecipesError."""
    return history(document).at(START)


def history(file: dict[str, Any]) -> History:
    """As `recipes_file.load_history` of the file's JSON. Raises RecipesError."""
    return recipes_file.history_of(json.loads(json.dumps(file)))
