"""The recipes of a file, as every command reads them."""

from pathlib import Path

from stream import recipes_file
from stream.recipes.recipe import Recipes


def read(path: Path | None) -> Recipes:
    """The recipes of a file, the shipped ones without a file. Raises RecipesError, OSError."""
    if path is None:
        return recipes_file.DEFAULT
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise recipes_file.RecipesError(f"{path}: not a text file in UTF-8") from None
    return recipes_file.load(text, str(path))
