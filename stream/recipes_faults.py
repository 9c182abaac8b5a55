"""All faults of a document of recipes that can be told without each other.

The schema sees most of them. A recipe, an audience or a policy in which it sees none is held to the rules that no schema can
express, too, as far as they do not rest on a part that has a fault.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastjsonschema import JsonSchemaValueException

import schemas
from stream import recipes_limits
from stream.marked import all_explained
from stream.recipes_limits import Fault

LISTS: Final = ("recipes", "audiences")
PARTS: Final = (*LISTS, "policy")


def of(document: Any) -> list[Fault]:
    """The faults of a document, of one value at most one. An empty list: it is valid."""
    try:
        schemas.validator("recipes")(document)
    except JsonSchemaValueException:
        found: list[Fault] = [
            (path, f": {what}") for path, what in all_explained("recipes", document)
        ]
        if isinstance(document, dict):
            found += list(_of_sound_parts(document, found))
        return found
    return list(recipes_limits.faults(document))


def _of_sound_parts(document: dict[str, Any], found: list[Fault]) -> Iterator[Fault]:
    """What no schema sees of the parts in which it saw no fault. Paths are those in the whole document."""
    broken = {tuple(path[:2]) for path, _ in found if path and path[0] in PARTS}
    sections = {section for section, *_ in broken}
    sound: dict[str, Any] = {} if "policy" in sections else {"policy": document.get("policy")}
    places: dict[str, list[int]] = {}
    for section in LISTS:
        if section not in document or (section,) in broken:
            continue
        given = document[section]
        places[section] = [n for n in range(len(given)) if (section, str(n)) not in broken]
        sound[section] = [given[n] for n in places[section]]
    for (section, *rest), why in recipes_limits.faults(sound, whole=False):
        if section in places:
            rest[0] = str(places[section][int(rest[0])])
        yield [section, *rest], why
