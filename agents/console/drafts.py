"""Checks a draft of recipes: its faults with their lines, or what it would change. Pure."""

import json
from typing import Any, Final

import yaml
from msgspec import Struct

from agents.compare import recipes_text
from agents.published.published_document import checked
from stream import recipes_file
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError
from stream.recipes_lines import LineFault, named

LARGEST: Final = 512 * 1024
"""The largest draft, in characters."""

NAME: Final = "draft"


class Draft(Struct):
    """A checked draft. `faults`: in the order of their lines · `document`: as JSON, None if there is a fault · `changes`: a
    sentence for each difference from the recipes in force."""

    faults: tuple[LineFault, ...] = ()
    document: dict[str, Any] | None = None
    changes: list[str] = []


def draft(text: str, current: Recipes) -> Draft:
    """Reads and checks the text of a recipes file, as `recipes check` does."""
    if len(text) > LARGEST:
        why = f"expected at most {LARGEST:,} characters, got {len(text):,}"
        return Draft((LineFault(None, why),))
    try:
        recipes_file.load(text, NAME)
        document = document_of(text)
        recipes = checked(document)
    except RecipesError as error:
        return Draft(error.faults)
    return Draft((), document, recipes_text.differences(current, recipes))


def document_of(text: str) -> dict[str, Any]:
    """A valid draft as JSON, in the form that is published."""
    return dict(json.loads(json.dumps(named(yaml.safe_load(text)) or {})))
