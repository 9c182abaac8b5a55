"""The states of one partition by record key. Each has one armed deadline.

A state is decoded when it is used, and packed again later. For a forgotten key, a header-only record is written
first: after a crash the same input is read again, and must be recognized as applied. Once a commit has passed that
input, a tombstone follows.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, Generic, TypeVar

from stream.state.cart import NEVER
from stream.store import changelog, timer_wheel
from stream.store.any_state import State
from stream.store.changelog import CLOCK, FORMAT, HEADER, Changes, Entries, RestoreFunctions
from stream.store.header_only import HeaderOnly
from stream.store.stretches import in_parts, let_go

DECODED: Final = 20_000
"""States kept decoded in each of two generations. Fewer: more decoding. More: more memory."""

S = TypeVar("S", bound=State)

PackAll = Callable[[int, dict[str, S], dict[str, bytes], Changes], int]
"""(format, dirty states, packed states, records): does what Keyed._pack_each does. Returns by how many
bytes the packed states have grown."""


class Keyed(Generic[S]):
    def __init__(
        self,
        encode: Callable[[S], bytes],
        decode: Callable[[memoryview], S],
        pack_all: PackAll[S] | None = None,
        back: RestoreFunctions | None = None,
        *,
        compiled: bool = True,
    ) -> None:
        """`pack_all`, `back`: compiled replacements of methods here, None: there is none · `compiled`: as of `timer_wheel.make`."""
        self._encode = encode
        self._decode = decode
        self._pack_all = pack_all
        self._packed: dict[str, bytes] = {}
        self.live: dict[str, S] = {}
        self._older: dict[str, S] = {}
        self.dirty: dict[str, S] = {}
        self._ahead: Changes = []
        """Records of states that were packed before the call of `parts` that gives them."""
        self._header_only = HeaderOnly()
        self._tombstones: list[str] = []
        self._reader = changelog.Reader(self._packed, back and back.read)
        self._survey = back.survey if back else changelog.survey
        self._forgotten: dict[str, bytes] = {}
        self._wheel = timer_wheel.make(compiled)
        self.clock = (NEVER, NEVER, NEVER)
        """Three numbers of the stage, as last written. At a restore the largest wins."""
        self.size = 0
        """Bytes of the packed states, as of the last call of `parts`."""

    def get(self, key: str) -> S | None:
        """The state of a key, decoded; None if there is none."""
        state = self.live.get(key)
        if state is None:
            state = self._older.pop(key, None)
            if state is None:
                value = self._packed.get(key)
                if value is None or len(value) == HEADER.size:
                    return None
                state = self._decode(memoryview(value)[HEADER.size :])
                state.armed = HEADER.unpack_from(value)[2]
            self.live[key] = state
        return state

    def deleted(self, key: str) -> tuple[int, int] | None:
        """(applied, version) of a forgotten key that has no tombstone yet."""
        value = self._packed.get(key)
        if value is None or len(value) != HEADER.size:
            return None
        _, applied, _, version = HEADER.unpack(value)
        return applied, version

    def add(self, key: str, state: S) -> None:
        """Adds a new state. It continues from the key's header-only record, if there is one."""
        deleted = self.deleted(key)
        if deleted is not None:
            state.applied, state.version = deleted
        self.live[key] = self.dirty[key] = state
        self._forgotten.pop(key, None)

    def arm(self, key: str, state: S, deadline: int) -> None:
        """Sets the key's timer to `deadline` (ms). It may come up earlier, never later."""
        if deadline < state.armed or state.armed == NEVER:
            state.armed = deadline
            self._wheel.arm(key, deadline)
            value = self._packed.get(key)
            if value is not None and key not in self.dirty:
                format, applied, _, version = HEADER.unpack_from(value)
                header = HEADER.pack(format, applied, deadline, version)
                self._packed[key] = header + value[HEADER.size :]

    @property
    def set_timer(self) -> Callable[[str, int], None]:
        """Enters (key, deadline in ms) into the timers, for code that does the rest of `arm` itself."""
        return self._wheel.arm

    def due(self, time: int, most: int | None = None) -> list[tuple[str, S]]:
        """Disarms and returns the states armed at or before `time` (ms). The caller fires them and arms them again.

        `most`: at most this many, or fewer after much work. `behind` then says whether there may be more.
        """
        found = []
        for key in self._wheel.due(time, self.held[:3], most):
            state = self.get(key)
            assert state is not None, "an armed key has a state"
            state.armed = NEVER
            found.append((key, state))
        return found

    @property
    def behind(self) -> bool:
        """Whether the last call of `due` may have left some."""
        return self._wheel.behind

    @property
    def next_deadline(self) -> int | None:
        return self._wheel.next

    def forget(self, key: str, state: S) -> None:
        """Drops the state. Its header stays until `committed` has passed what is applied.

        It stays where the state was: a large dict that loses a key and gains it back is made anew again and again.
        """
        del self.live[key]
        self.dirty.pop(key, None)
        value = HEADER.pack(FORMAT, state.applied, NEVER, state.version + 1)
        self.size += len(value) - len(self._packed.get(key, b""))
        self._packed[key] = self._forgotten[key] = value

    @property
    def unwritten(self) -> int:
        """The number of states that have changed since the last call of `parts`."""
        return len(self.dirty) + len(self._ahead)

    def pack_ahead(self, most: int) -> dict[str, S]:
        """Packs at most `most` changed states, and returns them. The next call of `parts` gives their records first."""
        part = dict(islice(self.dirty.items(), most))
        for key in part:
            del self.dirty[key]
        self.size += (self._pack_all or self._pack_each)(FORMAT, part, self._packed, self._ahead)
        return part

    def parts(self, clock: tuple[int, int, int], moved: bool) -> Iterator[Changes]:
        """The changelog records since the last call, in parts, in the order in which they must be written.

        Change nothing until the last part was taken. The clock is the last record; it comes alone if only it has `moved`.
        """
        gone = [key for key in self._tombstones if key not in self.live]
        tombstones: Changes = [(key.encode(), None) for key in gone]
        changed = bool(tombstones or self._ahead or self.dirty or self._forgotten)
        self._tombstones.clear()
        yield tombstones + self._ahead
        self._ahead = []
        pack_all = self._pack_all or self._pack_each
        for dirty in in_parts(self.dirty):
            records: Changes = []
            self.size += pack_all(FORMAT, dirty, self._packed, records)
            yield records
        self.dirty.clear()
        for forgotten in in_parts(self._forgotten):
            self._header_only.add(forgotten)
            yield [(key.encode(), value) for key, value in forgotten.items()]
        self._forgotten.clear()
        if changed or moved:
            yield [(b"", CLOCK.pack(FORMAT, *clock))]
            self.clock = clock
        if len(self.live) > DECODED:
            unused, self._older, self.live = self._older, self.live, {}
            yield from let_go(unused)

    @property
    def changed(self) -> bool:
        """Whether `parts` would give records besides the clock."""
        return bool(self.unwritten or self._forgotten or self._tombstones)

    def _pack_each(
        self, format: int, dirty: dict[str, S], packed: dict[str, bytes], records: Changes
    ) -> int:
        grown = 0
        for key, state in dirty.items():
            value = self._value(state)
            grown += len(value) - len(packed.get(key, b""))
            packed[key] = value
            records.append((key.encode(), value))
        return grown

    @property
    def written(self) -> bool:
        """Whether a clock was ever written, or restored."""
        return self.clock != (NEVER, NEVER, NEVER)

    @property
    def held(self) -> tuple[dict[str, S], dict[str, S], dict[str, bytes], dict[str, S]]:
        """The states: decoded, decoded of the older generation, packed, and changed."""
        return self.live, self._older, self._packed, self.dirty

    def rest(self) -> None:
        """Packs unused states. Called instead of `parts` in a run without a changelog."""
        for key in self._forgotten:
            del self._packed[key]
        self._forgotten.clear()
        if len(self.live) <= DECODED:
            return
        for key, state in self._older.items():
            if self.dirty.pop(key, None) is not None:
                self._packed[key] = self._value(state)
        self._older, self.live = self.live, {}

    def _value(self, state: S) -> bytes:
        """Header and packed state, with a new version."""
        state.version += 1
        header = HEADER.pack(FORMAT, state.applied, state.armed, state.version)
        return header + self._encode(state)

    def committed(self, applied: int) -> None:
        """Notes that the commit has passed `applied`. Header-only records before it become tombstones, some at a time."""
        for key in self._header_only.passed(applied, self._packed):
            self.size -= len(self._packed.pop(key))
            self._tombstones.append(key)

    def restore(self, records: Entries) -> None:
        """Adds the states of changelog records, in order. Raises UnreadableState."""
        self._reader.take(records)

    def restored(self) -> tuple[int, int, int]:
        """Ends a restore: arms the deadlines by the headers. Returns the clock as it was written."""
        self.clock = max(self.clock, self._reader.clock)
        self._reader = changelog.Reader(self._packed, self._reader.fast)
        self.size, header_only, spans = self._survey(self._packed, timer_wheel.SPAN)
        self._header_only.add({key: self._packed[key] for key in header_only})
        self._wheel.take(spans, self.held[:3])
        return self.clock

    def reach(self, time: int) -> None:
        """Moves the timers to a time (ms) after a restore, so that `next_deadline` is right."""
        self._wheel.reach(time, self.held[:3])

    def __len__(self) -> int:
        """The number of keys as of the last call of `parts`, header-only records included."""
        return len(self._packed)
