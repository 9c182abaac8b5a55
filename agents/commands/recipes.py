"""`recipes check FILE`: says whether a recipes file is right, or which line is not and why."""

import argparse
import sys
from pathlib import Path

from agents.config.recipes import read
from stream import recipes_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="check a recipes file and show what it says")
    check.add_argument("file", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    """0: the file is right. 1: it is not. 2: it cannot be read."""
    try:
        found = read(args.file)
    except recipes_file.RecipesError as fault:
        print(fault, file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"{args.file}: {fault.strerror}", file=sys.stderr)
        return 2
    for name in found.names:
        recipe = found.by_name.get(name)
        if recipe is None:
            print(f"{name}: disabled")
            continue
        steps = ", ".join(_spoken(step) for step in recipe.steps)
        when = "at once" if recipe.kind == "exit-intent" else f"after {steps}"
        print(
            f"{name} ({recipe.kind}, version {recipe.version}): {when}, to {', '.join(recipe.channels)}"
        )
    print(f"{args.file}: {len(found.names)} recipes, all well")
    return 0


def _spoken(milliseconds: int) -> str:
    """A duration in the largest unit that divides it."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
