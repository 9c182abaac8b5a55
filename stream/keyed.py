"""The states of one partition by key: packed, decoded when touched, each with one armed deadline.

A value of the changelog is a header (format, applied, deadline, version) and the packed state; the
header alone lets a restore arm the deadline and judge which of two records is newer: the highest
(applied, version) of a key wins, not the last record, for an owner that was frozen and woke up writes
old state after the new owner's. A forgotten key leaves its header until the group's commit has passed
it, so that what comes again after a crash is still known as applied; then a tombstone. The record of
the empty key carries the partition's clock; it is the last of each flush and vouches for the rest.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, Protocol, TypeVar

from stream.cart import NEVER
from stream.wheel import Wheel

FORMAT: Final = 1
_HEADER: Final = struct.Struct(">bqqq")
_CLOCK: Final = _HEADER
_PLACE: Final = struct.Struct(">xq8xq")
"""Of a header: (applied, version)."""

DECODED: Final = 20_000
"""States kept decoded in each of two generations. Fewer: more decoding; more: more memory."""


class State(Protocol):
    """`applied`: how far the input is in it · `version`: grows with each packing · `armed`: ms or NEVER."""

    applied: int
    version: int
    armed: int


class NewerState(Exception):
    """The changelog was written by a later release, whose states this one cannot read."""


def _newer(value: bytes) -> NewerState:
    return NewerState(f"state of format {value[0]}, this release reads up to {FORMAT}")


S = TypeVar("S", bound=State)


class Keyed(Generic[S]):
    def __init__(self, encode: Callable[[S], bytes], decode: Callable[[memoryview], S]) -> None:
        self._encode = encode
        self._decode = decode
        self._packed: dict[str, bytes] = {}
        self.live: dict[str, S] = {}
        self._older: dict[str, S] = {}
        self.dirty: dict[str, S] = {}
        self._graves: dict[str, int] = {}
        self._tombstones: list[str] = []
        self._buried: dict[str, tuple[int, int]] = {}
        self._forgotten: dict[str, bytes] = {}
        self._wheel = Wheel()
        self.clock = (NEVER, NEVER, NEVER)
        """Three numbers of the stage, as last written; the largest wins at a restore."""
        self.size = 0
        """Bytes of the packed states, as of the last call of `changes`."""

    def get(self, key: str) -> S | None:
        """The state of a key, decoded; None if there is none."""
        state = self.live.get(key)
        if state is None:
            state = self._older.pop(key, None)
            if state is None:
                value = self._packed.get(key)
                if value is None or len(value) == _HEADER.size:
                    return None
                state = self._decode(memoryview(value)[_HEADER.size :])
                state.armed = _HEADER.unpack_from(value)[2]
            self.live[key] = state
        return state

    def grave(self, key: str) -> tuple[int, int] | None:
        """(applied, version) of a key that was forgotten and is not yet buried."""
        value = self._forgotten.get(key) or self._packed.get(key)
        if value is None or len(value) != _HEADER.size:
            return None
        _, applied, _, version = _HEADER.unpack(value)
        return applied, version

    def add(self, key: str, state: S) -> None:
        """A new state, which goes on from the grave if there is one."""
        grave = self.grave(key)
        if grave is not None:
            state.applied, state.version = grave
        self.live[key] = self.dirty[key] = state
        self._graves.pop(key, None)
        self._forgotten.pop(key, None)

    def arm(self, key: str, state: S, deadline: int) -> None:
        """Wakes the key at `deadline` (ms) at the latest."""
        if deadline < state.armed or state.armed == NEVER:
            state.armed = deadline
            self._wheel.arm(key, deadline)
            value = self._packed.get(key)
            if value is not None and key not in self.dirty:
                header = (
                    *_HEADER.unpack_from(value)[:2],
                    deadline,
                    _HEADER.unpack_from(value)[3],
                )
                self._packed[key] = _HEADER.pack(*header) + value[_HEADER.size :]

    def due(self, time: int) -> list[tuple[str, S]]:
        """The states armed at or before `time`, unarmed: to be looked at, fired and armed anew."""
        found = []
        for key in self._wheel.due(time, self._armed):
            state = self.get(key)
            assert state is not None, "an armed key has a state"
            state.armed = NEVER
            found.append((key, state))
        return found

    @property
    def next_deadline(self) -> int | None:
        return self._wheel.next

    def _armed(self, key: str) -> int:
        state = self.live.get(key) or self._older.get(key)
        if state is not None:
            return state.armed
        value = self._packed.get(key)
        return NEVER if value is None else int(_HEADER.unpack_from(value)[2])

    def forget(self, key: str, state: S) -> None:
        """Drops the state; its header stays until `committed` has passed what is applied."""
        del self.live[key]
        self.dirty.pop(key, None)
        self.size -= len(self._packed.pop(key, b""))
        self._forgotten[key] = _HEADER.pack(FORMAT, state.applied, NEVER, state.version + 1)

    def changes(self, clock: tuple[int, int, int], moved: bool) -> list[tuple[bytes, bytes | None]]:
        """The changelog records since the last call, in the order in which they must land.

        The clock is written behind other records, and alone if it has `moved`.
        """
        records: list[tuple[bytes, bytes | None]] = [
            (key.encode(), None) for key in self._tombstones if key not in self.live
        ]
        self._tombstones.clear()
        packed = self._packed
        for key, state in self.dirty.items():
            value = self._value(state)
            self.size += len(value) - len(packed.get(key, b""))
            packed[key] = value
            records.append((key.encode(), value))
        self.dirty.clear()
        for key, value in self._forgotten.items():
            self.size += len(value) - len(packed.get(key, b""))
            packed[key] = value
            self._graves[key] = _HEADER.unpack(value)[1]
            records.append((key.encode(), value))
        self._forgotten.clear()
        if records or moved:
            records.append((b"", _CLOCK.pack(FORMAT, *clock)))
            self.clock = clock
        if len(self.live) > DECODED:
            self._older, self.live = self.live, {}
        return records

    def rest(self) -> None:
        """For a run without a changelog, in place of `changes`: packs only what it puts aside."""
        self._forgotten.clear()
        if len(self.live) <= DECODED:
            return
        for key, state in self._older.items():
            if self.dirty.pop(key, None) is not None:
                self._packed[key] = self._value(state)
        self._older, self.live = self.live, {}

    def _value(self, state: S) -> bytes:
        """Header and packed state, of a version of its own."""
        state.version += 1
        header = _HEADER.pack(FORMAT, state.applied, state.armed, state.version)
        return header + self._encode(state)

    def committed(self, applied: int) -> None:
        """The commit has passed what was applied before `applied`: graves of before may be buried."""
        for key in [key for key, last in self._graves.items() if last < applied]:
            del self._graves[key]
            self.size -= len(self._packed.pop(key))
            self._tombstones.append(key)

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Records of the changelog, in its order. Raises NewerState."""
        put, buried = self._packed.setdefault, self._buried
        for key, value in records:
            if not key or value is None:
                self._restore_other(key, value)
                continue
            if value[0] > FORMAT:
                raise _newer(value)
            name = key.decode()
            old = put(name, value)  # most keys are new: one look into a large dict, not two
            if old is not value:
                if _PLACE.unpack_from(value) >= _PLACE.unpack_from(old):
                    self._packed[name] = value
            elif buried and _PLACE.unpack_from(value) <= buried.get(name, (NEVER, NEVER)):
                del self._packed[name]

    def _restore_other(self, key: bytes, value: bytes | None) -> None:
        """A clock, or a tombstone."""
        if value is not None:
            if value[0] > FORMAT:
                raise _newer(value)
            self.clock = max(self.clock, _CLOCK.unpack(value)[1:])
        elif key:
            name = key.decode()
            old = self._packed.get(name)
            if old is not None and len(old) == _HEADER.size:
                self._buried[name] = _PLACE.unpack_from(old)
                del self._packed[name]

    def restored(self) -> None:
        """After the last record: arms the deadlines from the headers alone."""
        self._buried.clear()
        self.size = sum(map(len, self._packed.values()))
        self._wheel.arm_all(self._deadlines())

    def _deadlines(self) -> Iterator[tuple[str, int]]:
        """(key, ms) of the packed states; what is a grave is found on the way."""
        read, grave = _HEADER.unpack_from, _HEADER.size
        for key, value in self._packed.items():
            _, applied, deadline, _ = read(value)
            if len(value) == grave:
                self._graves[key] = applied
            elif deadline != NEVER:
                yield key, deadline

    def armed_within(self, span: int) -> Iterator[tuple[str, S]]:
        """Copies of the packed states that are armed sooner than `span` after what is applied."""
        for key, value in self._packed.items():
            _, applied, deadline, _ = _HEADER.unpack_from(value)
            if NEVER < deadline < applied + span:
                yield key, self._decode(memoryview(value)[_HEADER.size :])

    def __len__(self) -> int:
        """Keys as of the last call of `changes`, graves included."""
        return len(self._packed)
