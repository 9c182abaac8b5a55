"""Finds the line of a fault in a YAML file, and writes its path and what it is for people."""

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

import yaml
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException

import schemas

TYPES: Final = {
    "array": "a list",
    "object": "a map of fields",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
BOUNDS: Final = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "minItems": "a list of {} or more",
    "maxItems": "a list of {} or fewer",
    "minProperties": "{} or more fields",
    "minLength": "a text of {} or more characters",
    "maxLength": "a text of {} or fewer characters",
}
LONGEST: Final = 40
"""The longest value, in characters of JSON, that a message quotes whole."""


def line_of(node: yaml.Node | None, path: Sequence[str]) -> int:
    """The line (from 1) of the innermost part of `path` that exists in the file. A field with a dot may be two parts."""
    line, rest = 1, list(path)
    while node is not None:
        line, below = node.start_mark.line + 1, None
        if rest and isinstance(node, yaml.MappingNode):
            pairs = {key.value: value for key, value in node.value}
            for length in (1, 2):
                if (name := ".".join(rest[:length])) in pairs:
                    below, rest = pairs[name], rest[length:]
                    break
        elif rest and isinstance(node, yaml.SequenceNode) and int(rest[0]) < len(node.value):
            below, rest = node.value[int(rest[0])], rest[1:]
        node = below
    return line


def repeated(root: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """(line, field) of each field that one map has twice. YAML would keep the last and say nothing."""
    seen: set[int] = set()
    rest = [root]
    while rest:
        node = rest.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            known: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in known - {"<<"}:
                    yield key.start_mark.line + 1, key.value
                known.add(str(key.value))
                rest.append(value)
        elif isinstance(node, yaml.SequenceNode):
            rest += node.value


def dotted(path: Sequence[str]) -> str:
    """The parts of a path as one text: `recipes[0].steps[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text.lstrip(".") or "file"


Explained = tuple[list[str], str]
"""(the path of a fault, what is expected there and what came)."""


def explained(fault: JsonSchemaValueException, quoting: bool = True) -> Explained:
    """A fault of the schema, or the first of several fields of one map. `quoting` False: no value is quoted."""
    return next(each_explained(fault, quoting))


def all_explained(schema: str, document: Any, quoting: bool = True) -> Iterator[Explained]:
    """All faults that a schema of `schemas` finds, of one value at most one."""
    try:
        schemas.thorough(schema)(document)
    except JsonSchemaValuesException as many:
        told: set[tuple[str, ...]] = set()
        for fault in many.errors:
            for path, what in each_explained(fault, quoting):
                # one value may break several rules, of which one says enough; a map may lack several fields
                key = (*path, what) if fault.rule == "required" else tuple(path)
                if key not in told:
                    told.add(key)
                    yield path, what


def each_explained(fault: JsonSchemaValueException, quoting: bool = True) -> Iterator[Explained]:
    """As `explained`, for each unknown and each missing field of a map."""
    path: list[str] = fault.path[1:]
    definition, value = fault.definition, fault.value
    if fault.rule == "additionalProperties" and "properties" in definition:
        known = sorted(definition["properties"])
        for name in value:
            if name not in known:
                yield [*path, name], f"is no field here: {hint(name, known)}"
    elif fault.rule == "required":
        for name in definition["required"]:
            if name not in value:
                yield path, f"{name} is missing"
    elif fault.rule == "enum":
        yield path, f"is no value here: {hint(value, definition['enum'])}"
    else:
        got = f", got {quoted(value)}" if quoting else ""
        yield path, f"expected {_wanted(fault)}{got}"


def _wanted(fault: JsonSchemaValueException) -> str:
    """What the schema expects. The title of a definition names it best, but that of a whole schema names the file."""
    if "title" in fault.definition and len(fault.path) > 1:
        return str(fault.definition["title"])
    if fault.rule == "type":
        types = fault.definition["type"]
        return " or ".join(TYPES[each] for each in ([types] if isinstance(types, str) else types))
    if fault.rule in BOUNDS:
        return BOUNDS[fault.rule].format(fault.definition[fault.rule])
    return f"a value that fits {fault.rule} {json.dumps(fault.definition[fault.rule])}"


def quoted(value: Any) -> str:
    """A value as a message quotes it: short, and of lists and maps no more than that they are."""
    if isinstance(value, dict | list):
        return TYPES["object" if isinstance(value, dict) else "array"]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def hint(name: Any, known: Iterable[str]) -> str:
    """The nearest known name, or all of them."""
    near = get_close_matches(name, known, 1) if isinstance(name, str) else []
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
