"""Checks a draft of recipes: its fault with the line, or what it would change. Pure."""

import json
import re
from typing import Any, Final

import yaml
from msgspec import Struct

from agents.compare import recipes_text
from agents.published.published_document import checked
from stream import recipes_file
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError

LARGEST: Final = 512 * 1024
"""The largest draft, in characters."""

NAME: Final = "draft"
LINE_FAULT: Final = re.compile(rf"{NAME}:(\d+): (.*)", re.DOTALL)


class DraftFault(Struct):
    """A fault of a draft. `line`: from 1, None if no single line is at fault."""

    line: int | None
    why: str


class Draft(Struct):
    """A checked draft. `document`: as JSON, None if there is a fault · `changes`: a sentence for each difference
    from the recipes in force."""

    fault: DraftFault | None = None
    document: dict[str, Any] | None = None
    changes: list[str] = []


def draft(text: str, current: Recipes) -> Draft:
    """Reads and checks the text of a recipes file, as `recipes check` does."""
    if len(text) > LARGEST:
        return Draft(
            DraftFault(None, f"expected at most {LARGEST:,} characters, got {len(text):,}")
        )
    try:
        recipes_file.load(text, NAME)
        document = document_of(text)
        recipes = checked(document)
    except RecipesError as error:
        match = LINE_FAULT.fullmatch(str(error))
        line, why = (int(match[1]), match[2]) if match else (None, str(error))
        return Draft(DraftFault(line, why.removeprefix(f"{NAME}: ")))
    return Draft(None, document, recipes_text.differences(current, recipes))


def document_of(text: str) -> dict[str, Any]:
    """A valid draft as JSON, in the form that is published."""
    return dict(json.loads(json.dumps(recipes_file.named(yaml.safe_load(text)) or {})))
