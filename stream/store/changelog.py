"""Writes states to the changelog, and reads them back.

A value is a header (format, applied, deadline, version) and the packed state. A restore reads the header only: it has
the deadline to arm, and shows which of two records is newer. The highest (applied, version) of a key wins, not the
last record, because a worker that was frozen may write old state after its successor. A header without a state means
that the key was forgotten. The record with the empty key has the partition's clock. It is the last record of a
checkpoint: if it is in the log, all others of the checkpoint are.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from stream.events.records import Block
from stream.state.cart import NEVER

FORMAT: Final = 2
"""The format of version 2 of the semantics. Format 1 is refused: it has no keys of identity."""
HEADER: Final = struct.Struct(">bqqq")
CLOCK: Final = HEADER
_PLACE: Final = struct.Struct(">xq8xq")
"""The place of (applied, version) in a header."""

Change = tuple[bytes, bytes | None]
Changes = list[Change]

Entries = Iterable[Change | Block]
"""Records in order, or blocks of them."""

Place = tuple[int, int]

Read = Callable[
    [
        Entries,
        dict[str, bytes],
        dict[str, Place],
        int,
        Callable[[bytes, bytes | None], None],
    ],
    None,
]
"""(records or blocks, packed, tombstoned, format, take_one): reads plain records as Reader.take_one does,
and calls take_one for all others."""


Found = tuple[int, dict[str, int], dict[int, list[str]]]


class RestoreFunctions(NamedTuple):
    """The two steps of a restore, compiled. `survey` does what the function `survey` does."""

    read: Read
    survey: Callable[[dict[str, bytes], int], Found]


def survey(packed: dict[str, bytes], span: int) -> Found:
    """Reads the headers of packed states.

    Returns (bytes of all states, `applied` of each header-only record, keys by the span (ms) of their deadline).
    """
    size, header_only, spans = 0, dict[str, int](), dict[int, list[str]]()
    read, deleted = HEADER.unpack_from, HEADER.size
    for key, value in packed.items():
        _, applied, deadline, _ = read(value)
        size += len(value)
        if len(value) == deleted:
            header_only[key] = applied
        elif deadline != NEVER:
            spans.setdefault(deadline // span, []).append(key)
    return size, header_only, spans


class UnreadableState(Exception):
    """The changelog was written in a format that this release does not read. The text says what to do."""

    def __init__(self, format: int) -> None:
        todo = (
            "start the release that wrote it"
            if format > FORMAT
            else "delete the topics state.*, visitor.facts and identity.claims, make them again with "
            "`storefront-triggers topics`, and let the workers read the log again"
        )
        super().__init__(f"state: expected format {FORMAT}, got {format}: {todo}")


class Reader:
    """Reads a changelog into packed states. `clock`: three numbers of the stage; the largest wins."""

    def __init__(self, packed: dict[str, bytes], fast: Read | None = None) -> None:
        self._packed = packed
        self._tombstoned: dict[str, Place] = {}
        self.fast = fast
        self.clock = (NEVER, NEVER, NEVER)

    def take(self, records: Entries) -> None:
        """Takes records of the changelog in order; blocks only with a `fast` reader. Raises UnreadableState."""
        if self.fast is None:
            for key, value in records:  # type: ignore[misc]
                self.take_one(key, value)
        else:
            self.fast(records, self._packed, self._tombstoned, FORMAT, self.take_one)

    def take_one(self, key: bytes, value: bytes | None) -> None:
        if not key or value is None:
            self._take_other(key, value)
            return
        self._check(value)
        name = key.decode()
        old = self._packed.setdefault(name, value)  # most keys are new: one lookup, not two
        if old is not value:
            if _PLACE.unpack_from(value) >= _PLACE.unpack_from(old):
                self._packed[name] = value
        elif self._tombstoned and _PLACE.unpack_from(value) <= self._tombstoned.get(
            name, (NEVER, NEVER)
        ):
            del self._packed[name]

    def _take_other(self, key: bytes, value: bytes | None) -> None:
        """Takes a clock or a tombstone."""
        if value is not None:
            self._check(value)
            self.clock = max(self.clock, CLOCK.unpack(value)[1:])
        else:
            name = key.decode()
            old = self._packed.get(name)
            if old is not None and len(old) == HEADER.size:
                self._tombstoned[name] = _PLACE.unpack_from(old)
                del self._packed[name]

    @staticmethod
    def _check(value: bytes) -> None:
        if value[0] != FORMAT:
            raise UnreadableState(value[0])
