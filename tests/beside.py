"""Finds ../shared beside the checkout: one to three folders above, because a worktree is nested deeper."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_ABOVE = list(Path(__file__).resolve().parents[1].parents)[:3]


def beside(name: str) -> Path:
    """The nearest existing ../shared/NAME; if none exists, the first candidate."""
    places = [above / "shared" / name for above in _ABOVE]
    return next((place for place in places if place.is_dir()), places[0])


def without(name: str) -> str:
    """The reason given for a skipped test."""
    return f"there is no ../shared/{name} beside {', nor beside '.join(map(str, _ABOVE[:3]))}"


def each_or_skipped(files: Sequence[Path], name: str) -> list[Any]:
    """The files as test parameters; without files, one parameter that is skipped with a reason."""
    skipped = pytest.param(None, marks=pytest.mark.skip(reason=without(name)), id="none")
    return [*files] or [skipped]
