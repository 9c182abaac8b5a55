"""Writes the files of a backtest: DIR/triggers.jsonl and others. Source: docs/semantics.md, 10."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from stream.outputs.outputs import Outputs

AT_ONCE: Final = 256 * 1024
"""Bytes of a file that are read or written at a time."""


FILES: Final = ("triggers", "decisions", "audiences", "shadow", "outcomes")


class BacktestFiles:
    """The files, as a context manager that creates them and their folder. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            self._triggers, self._decisions, self._audiences, self._shadow, self._outcomes = (
                opened.enter_context((self._folder / f"{name}.jsonl").open("wb", buffering=AT_ONCE))
                for name in FILES
            )
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def write(self, out: Outputs) -> None:
        self._triggers.writelines([value + b"\n" for _, _, value in out.triggers])
        self._decisions.writelines([value + b"\n" for _, value in out.decisions])
        for file, rows in (
            (self._audiences, out.audiences),
            (self._shadow, out.shadow),
            (self._outcomes, out.outcomes),
        ):
            file.writelines([row[-1] + b"\n" for row in rows if row[-1] is not None])
