"""Recipes of documents that tests make. A file's text is read by YAML, which costs more than a short log's decisions."""

import json
from typing import Any

from stream import history_file
from stream.recipes.history import Document, History
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError, _document


def recipes(document: dict[str, Any]) -> Recipes:
    """As `recipes_file.load` of the document's JSON. Raises RecipesError."""
    return _document(json.loads(json.dumps(document)), None, [], "made")


def history(file: dict[str, Any]) -> History:
    """As `recipes_file.load_history` of the file's JSON. Raises RecipesError."""
    if "history" not in file:
        return History(recipes(file))
    try:
        given = history_file.documents(file)
    except history_file.HistoryFault as fault:
        raise RecipesError(str(fault)) from None
    found = [Document(recipes(each.recipes), each.since, each.by, each.note) for each in given]
    return History(found[0].recipes, found[1:])
