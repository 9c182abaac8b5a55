"""Finds a fault in a YAML file: its line, and its path as a person writes it."""

from collections.abc import Sequence

import yaml


def line_of(node: yaml.Node | None, path: Sequence[str]) -> int:
    """The line (from 1) of the innermost part of `path` that the file has."""
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
    """`recipes[0].steps[1]` of the parts of a path."""
    text = ""
    for part in path:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text.lstrip(".") or "file"
