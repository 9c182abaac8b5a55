"""Finds the line of a fault in a YAML file, and writes its path and what it is for people."""

from collections.abc import Sequence
from difflib import get_close_matches

import yaml
from fastjsonschema import JsonSchemaValueException


def line_of(node: yaml.Node | None, path: Sequence[str]) -> int:
    """The line (from 1) of the innermost part of `path` that exists in the file."""
    line = 1
    for part in ["", *path]:
        if part and isinstance(node, yaml.MappingNode):
            pairs = {key.value: value for key, value in node.value}
            node = pairs.get(part)
        elif part and isinstance(node, yaml.SequenceNode):
            index = int(part)
            node = node.value[index] if index < len(node.value) else None
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def dotted(path: Sequence[str]) -> str:
    """The parts of a path as one text: `recipes[0].steps[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text.lstrip(".") or "file"


def explained(fault: JsonSchemaValueException) -> tuple[list[str], str]:
    """(the path of a fault of the schema, what is wrong there). An unknown field is named with the nearest known one."""
    path: list[str] = fault.path[1:]
    if fault.rule != "additionalProperties" or "properties" not in fault.definition:
        return path, fault.message.split(" ", 1)[1]
    known = sorted(fault.definition["properties"])
    name = next(each for each in fault.value if each not in known)
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return [*path, name], f"is no field here: {hint}"
