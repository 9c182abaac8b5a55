"""Turns published documents into a history of the recipes in force. Pure.

Source: docs/semantics-life.md, 14.
"""

from collections.abc import Iterable

from agents.published.published_document import PublishedDocument
from stream.recipes.history import Document, History
from stream.recipes.recipe import Recipes


def entry(published: PublishedDocument) -> Document:
    """The document of a history. `published` must have no fault."""
    assert published.recipes is not None
    return Document(published.recipes, published.since, published.by, published.note)


def history(first: Recipes, published: Iterable[PublishedDocument]) -> History:
    """The history. `first`: in force before all documents · `published`: in the order of the topic."""
    return History(first, [entry(each) for each in published if each.recipes is not None])
