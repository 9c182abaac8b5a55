"""Logs faults of the input: at most one line a minute for each sort of fault, without any content."""

import logging
from typing import Final

from agents.runtime.sparse_log import SparseLog
from stream.events.nearest import OTHER, meant
from stream.outputs.outputs import Outputs

log = logging.getLogger("triggers.input")

EVERY_S: Final = 60.0


class InputLog:
    """The log of one input partition."""

    def __init__(self, partition: int) -> None:
        self._partition = str(partition)
        self._log = SparseLog(log, EVERY_S, counted="records")

    def report(self, out: Outputs) -> None:
        """Logs the faults of a batch: rejected records, unknown types, parts that were left out."""
        for (kind, *labels), number in out.counts.items():
            if kind == "rejected":
                type, reason, path = labels
                self._log_sort("rejected", number, type=type or OTHER, reason=reason, path=path)
            elif kind == "reported":
                type, path = labels
                self._log_sort("left_out", number, type=type or OTHER, path=path)
            elif kind == "unknown":
                name = labels[0].replace(" ", "_")
                self._log_sort("unknown_type", number, name, meant=meant(labels[0]) or OTHER)

    def _log_sort(self, word: str, number: int, name: str = "", **sort: str) -> None:
        example = {"such_as": name} if name else {}
        self._log.tell(word, number, example, partition=self._partition, **sort)
