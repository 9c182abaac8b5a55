"""The schema files of this folder, every reference put in its place, and validators made of them.

References point into the folder only (`../parts.json#/definitions/id`); a URL is an error, nothing
is ever fetched. Validators say yes or no: a `default` in a schema never gets into the document.
"""

import json
import zoneinfo
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import yaml

from schemas.nobody import names_nobody

HOME: Final = Path(__file__).parent

Validator = Callable[[Any], Any]


class SchemaError(Exception):
    """A schema file is missing, or refers to something that is not in the folder."""


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


FORMATS: Final[dict[str, str | Callable[[Any], bool]]] = {
    "somebody": lambda value: not names_nobody(value),
    "time-zone": _is_zone,
}
"""Of our own. `somebody`: a string that does not name nobody. `time-zone`: an IANA name."""


@cache
def load(name: str) -> dict[str, Any]:
    """The file by its path stem: `events/page.viewed`, `recipes`. Raises SchemaError.

    All callers share what they get: it is not to be changed.
    """
    file = _file(name)
    document = _read(file)
    resolved: dict[str, Any] = _resolve(document, document, file)
    return resolved


@cache
def validator(name: str) -> Validator:
    """Raises fastjsonschema.JsonSchemaValueException for a document that the schema refuses."""
    return _compiled(name, fast_fail=True)


@cache
def thorough(name: str) -> Validator:
    """As `validator`, but raises fastjsonschema.JsonSchemaValuesException with all faults. It is slower to make and to ask."""
    return _compiled(name, fast_fail=False)


def _compiled(name: str, fast_fail: bool) -> Validator:
    compiled: Validator = fastjsonschema.compile(
        load(name), formats=FORMATS, use_default=False, fast_fail=fast_fail
    )
    return compiled


def names(folder: str) -> tuple[str, ...]:
    """The schemas in a folder, sorted: `events/activity.pinged` and so on for `events`."""
    return tuple(sorted(f"{folder}/{file.stem}" for file in (HOME / folder).glob("*.json")))


def _file(name: str) -> Path:
    for ending in (".json", ".yaml"):
        file = (HOME / f"{name}{ending}").resolve()
        if file.is_relative_to(HOME.resolve()) and file.is_file():
            return file
    raise SchemaError(f"there is no schema {name!r}")


@cache
def _read(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)


def _resolve(node: Any, document: Any, file: Path, within: tuple[str, ...] = ()) -> Any:
    """`node` of `document` with what its references point to; `within`: those being followed."""
    if isinstance(node, list):
        return [_resolve(item, document, file, within) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: _resolve(value, document, file, within) for key, value in node.items()}
    where, _, pointer = str(node["$ref"]).partition("#")
    target = (file.parent / where).resolve() if where else file
    reference = f"{target}#{pointer}"
    if len(node) > 1:
        raise SchemaError(f"{file.name}: what stands beside {node['$ref']!r} would be ignored")
    if not target.is_relative_to(HOME.resolve()) or not target.is_file():
        raise SchemaError(f"{file.name}: {node['$ref']!r} is not in the folder of schemas")
    if reference in within:
        raise SchemaError(f"{file.name}: {node['$ref']!r} leads back to itself")
    document = found = _read(target)
    for step in pointer.split("/")[1:]:
        if not isinstance(found, dict) or step not in found:
            raise SchemaError(f"{file.name}: {node['$ref']!r} points to nothing")
        found = found[step]
    return _resolve(found, document, target, (*within, reference))
