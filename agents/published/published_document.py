"""A record of the topic `recipes`: a whole recipes file, and the time from which it is in force. Pure.

A record that breaks a rule has a fault, and never comes into force. Source: docs/semantics-life.md, 14.
"""

from typing import Any, Final

import msgspec
from fastjsonschema import JsonSchemaValueException
from msgspec import Struct

import schemas
from stream import recipes_faults, recipes_file
from stream.marked import dotted, explained
from stream.recipes.history import START
from stream.recipes.recipe import Recipes
from stream.recipes_file import RecipesError

NOTICE: Final = 5_000
"""Ms from the append of a document to the earliest time at which it is in force. Workers read it meanwhile. Shorter: a
worker, which looks once a second, holds events back until it has read the document. Longer: marketers wait."""


class PublishedDocument(Struct, frozen=True):
    """A document. `offset`: of its record · `appended`: the broker's time of the record (ms) · `since`: the time from
    which it is in force (F, ms); START: from the start · `by`, `note`: who published it, and what for · `document`: as
    JSON · `recipes`: None if it has a fault · `fault`: why it never comes into force."""

    offset: int
    appended: int
    since: int
    by: str = ""
    note: str = ""
    document: dict[str, Any] = {}
    recipes: Recipes | None = None
    fault: str = ""

    @property
    def number(self) -> int:
        """The document's number, from 1. Number 0 means the recipes in force before the first document."""
        return self.offset + 1


def checked(document: Any) -> Recipes:
    """The recipes of a document. Raises RecipesError with the path of the first fault."""
    for path, why in recipes_faults.of(document):
        raise RecipesError(f"{dotted(path)}{why}")
    return recipes_file.parse(document)


def read(offset: int, appended: int, value: bytes | None, live: bool = True) -> PublishedDocument:
    """The document of a record. `live`: it is in force at the earliest NOTICE after the append; in a replay its `from`
    alone decides."""
    earliest = appended + NOTICE if live else START
    try:
        given = msgspec.json.decode(value or b"")
        schemas.validator("recipes.published")(given)
        recipes = checked(given["document"])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return PublishedDocument(offset, appended, earliest, fault="not JSON")
    except JsonSchemaValueException as fault:
        place, what = explained(fault)
        return PublishedDocument(offset, appended, earliest, fault=f"{dotted(place)}: {what}")
    except RecipesError as fault:
        by, note = given.get("by", ""), given.get("note", "")
        return PublishedDocument(offset, appended, earliest, by, note, fault=f"document.{fault}")
    start = given.get("from")
    since = earliest if start is None else max(int(start), earliest)
    by, note = given.get("by", ""), given.get("note", "")
    return PublishedDocument(offset, appended, since, by, note, given["document"], recipes)


def value_of(document: dict[str, Any], start: int | None, by: str, note: str) -> bytes:
    """The value of a record. `start`: its `from` (ms); None: as soon as possible."""
    return msgspec.json.encode({"document": document, "from": start, "by": by, "note": note})
