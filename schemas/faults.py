"""The first fault of an event, by the contract: a reason of a closed set and a JSON path.

"First" does not depend on the order in which the document is written. The envelope comes before the
body; in an object missing fields come before faulty ones, each in the order of the schema.
Neither reason nor path ever quotes the document. Source: docs/semantics.md, 2.
"""

import math
from functools import cache
from typing import Any, Final

from fastjsonschema import JsonSchemaValueException

from schemas.files import names, validator

REASONS: Final = {
    "required": "missing",
    "type": "wrong_type",
    "enum": "not_in_list",
    "format": "names_nobody",
    "minLength": "out_of_range",
    "maxLength": "out_of_range",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "pattern": "out_of_range",
    "anyOf": "missing",
}
"""The schema keywords that an event can break, and what that is called."""


def fault(document: Any) -> tuple[str, str] | None:
    """(reason, JSON path) of the first fault; None for a valid event, also one of unknown type."""
    if not isinstance(document, dict):
        return "not_an_object", "$"
    kind = document.get("type")
    name = f"events/{kind}"
    known = isinstance(kind, str) and name in event_schemas()
    try:
        validator(name if known else "envelope")(document)
    except JsonSchemaValueException as error:
        return _described(error)
    return None


@cache
def event_schemas() -> frozenset[str]:
    return frozenset(names("events"))


def _described(error: JsonSchemaValueException) -> tuple[str, str]:
    path, rule = "$" + str(error.name).removeprefix("data"), str(error.rule)
    if rule == "required":
        missing = next(field for field in error.rule_definition if field not in error.value)
        return "missing", f"{path}.{missing}"
    if rule == "type" and _is_endless(error.value) and "integer" in error.rule_definition:
        return "out_of_range", path
    return REASONS[rule], path


def _is_endless(value: Any) -> bool:
    """1e999 reads as infinity: a number, and too large for any place."""
    return isinstance(value, float) and math.isinf(value)
