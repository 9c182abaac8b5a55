"""The input of a stage: single records, batches of records, or lines of a file."""

from typing import Any

Record = tuple[int, int, bytes | None, Any]
"""(offset, broker time in ms, key, value: bytes or None, or what a `parse` of one's own takes)."""

Block = tuple[int, int, int | None, int, bytes | memoryview]
"""Records of a record batch, unpacked: base offset, first time (ms), the time of all or None, how many, bytes."""

Line = tuple[int, bytes]
"""(number, line of a backtest's file)."""
