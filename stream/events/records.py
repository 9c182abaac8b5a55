"""The input of a stage: single records, batches of records, or lines of a file."""

from typing import Any

Record = tuple[int, int, bytes | None, Any]
"""(offset, broker's time in ms, key, value). The value is bytes or None, or the input of a custom `parse`."""

Block = tuple[int, int, int | None, int, bytes | memoryview]
"""A decompressed record batch: (base offset, first time (ms), the time of all records or None, their number, bytes)."""

Line = tuple[int, bytes]
"""(number from 0, line of a backtest file)."""
