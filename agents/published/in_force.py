"""Published documents as a history: which recipes are in force when. Pure. Source: docs/semantics-life.md, 14."""

from collections.abc import Iterable

from agents.published.published_document import PublishedDocument
from stream.recipes.history import Document, History
from stream.recipes.recipe import Recipes


def entry(published: PublishedDocument) -> Document:
    """For a history. The document has no fault."""
    assert published.recipes is not None
    return Document(published.recipes, published.since, published.by, published.note)


def history(first: Recipes, published: Iterable[PublishedDocument]) -> History:
    """`first` holds before all of them; `published` in the order of the topic."""
    return History(first, [entry(each) for each in published if each.recipes is not None])
