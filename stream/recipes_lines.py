"""The text of a recipes file: its content, and its faults in the order of their lines."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import yaml

from stream import recipes_faults
from stream.marked import dotted, line_of, repeated

MOST: Final = 100
"""Faults of a file that are told. More: nobody reads them, and a long wrong file makes a long answer."""


class LineFault(NamedTuple):
    """A fault, and its line from 1 (None: of no line)."""

    line: int | None
    why: str


class RecipesError(Exception):
    """The file is not a valid recipes file. The message has a line for each fault: the file, the line in it, and the path.

    `faults`: the same without the file's name, in the order of their lines.
    """

    def __init__(self, message: str, faults: tuple[LineFault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults or (LineFault(None, message),)


class RecipesText(NamedTuple):
    """A file: its YAML nodes, for the lines of faults; its content; and the faults of its YAML."""

    name: str
    root: yaml.Node | None
    content: Any
    twice: tuple[LineFault, ...] = ()

    @classmethod
    def read(cls, text: str, name: str) -> "RecipesText":
        """Raises RecipesError."""
        try:
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            twice = tuple(
                LineFault(line, f"{field} is there twice: keep one")
                for line, field in repeated(root)
            )
            content = {} if root is None else named(loader.construct_document(root))
        except yaml.MarkedYAMLError as fault:
            line = fault.problem_mark.line + 1 if fault.problem_mark else 1
            why = f"{fault.problem or fault.context}"
            raise RecipesError(f"{name}:{line}: {why}", (LineFault(line, why),)) from None
        except (yaml.YAMLError, ValueError, RecursionError) as fault:
            raise RecipesError(f"{name}: {fault}", (LineFault(None, str(fault)),)) from None
        return cls(name, root, content, twice)

    def faults_of(self, document: Any, *at: str) -> Iterator[LineFault]:
        """The faults of the document at a path of the file."""
        for path, why in recipes_faults.of(document):
            whole = [*at, *path]
            yield LineFault(line_of(self.root, whole), f"{dotted(whole)}{why}")

    def refuse(self, faults: Iterable[LineFault]) -> None:
        """Raises RecipesError if there are any, or if a field is there twice."""
        found = sorted((*self.twice, *faults), key=lambda each: each.line or 0)
        if len(found) > MOST:
            found[MOST:] = [LineFault(None, f"and {len(found) - MOST} more")]
        if found:
            lines = [
                f"{self.name}: {why}" if line is None else f"{self.name}:{line}: {why}"
                for line, why in found
            ]
            raise RecipesError("\n".join(lines), tuple(found))


def named(document: Any) -> Any:
    """The document with all names of fields as text: YAML may read a product id as a number."""
    if isinstance(document, dict):
        return {
            name if isinstance(name, str) else _digits(name): named(value)
            for name, value in document.items()
        }
    return [named(each) for each in document] if isinstance(document, list) else document


def _digits(name: Any) -> str:
    whole = isinstance(name, float) and name.is_integer()
    return str(int(name)) if whole else str(name)
