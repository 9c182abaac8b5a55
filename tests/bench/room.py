"""The resources of every part: a folder for logs, and a broker started at first use."""

import os
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from agents.local.cluster import kafka


class Room:
    """A folder and a broker, both removed with the block; a broker from TRIGGERS_KAFKA stays."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="bench-")))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.close()

    @cached_property
    def bootstrap(self) -> str:
        return os.environ.get("TRIGGERS_KAFKA") or self._stack.enter_context(kafka())
