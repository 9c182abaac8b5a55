"""What every part has: a folder for logs, and a broker from when it is first asked for."""

import os
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from agents.local.cluster import kafka


class Room:
    """Gone with the block, the broker and its data too, unless it is TRIGGERS_KAFKA's."""

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
