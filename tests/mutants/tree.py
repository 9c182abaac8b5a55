"""Copies of the repository below .cache, in which code is changed and tests run."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.mutants.sites import Mutant

HOME: Final = Path(__file__).parents[2]
TREE: Final = HOME / ".cache" / "mutants" / "tree"
"""The copy that stays as it is: who edits the repository meanwhile changes no result."""


def copy() -> None:
    """Recreates the copy at each run: all files that git tracks, and the compiled part if built."""
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=HOME)
    built = [str(file.relative_to(HOME)) for file in HOME.glob("stream/native/*.so")]
    for name in {*listed.decode().splitlines(), *built}:
        if (HOME / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOME / name, TREE / name)


def another(number: int) -> Path:
    """A copy of the copy, whose code may be changed: one for each process."""
    place = TREE.with_name(f"tree-{number}")
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(TREE, place, ignore=shutil.ignore_patterns("__pycache__")))


@contextmanager
def changed(mutant: Mutant, tree: Path) -> Iterator[None]:
    """Applies a change to a tree within the block."""
    file = tree / mutant.file
    source = file.read_text()
    file.write_text(mutant.applied(source))
    try:
        yield
    finally:
        file.write_text(source)
