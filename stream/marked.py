"""Finds the line of a fault in a YAML file, and writes its path for people."""

from collections.abc import Sequence

import yaml


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
