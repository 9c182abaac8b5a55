"""The base class of stages whose claims or facts wait for the watermark.

Source: docs/semantics.md, 1. Such a stage applies records in the order (at, visitor, n), and only those before the
watermark. The deadlines of a state up to that time fire first. A crash of the previous stage may leave copies; a copy
has the same place and counts once.
Invariant: the states contain all records before `advanced`, and all deadlines up to it have fired.
"""

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from sys import maxsize
from typing import ClassVar, Generic, TypeVar, cast

from stream.events.records import Block
from stream.outputs.outputs import Outputs
from stream.stages.placed import Placed, Sequenced
from stream.stages.stage import Stage
from stream.stages.watermark import Watermark
from stream.state.cart import NEVER
from stream.state.facts import WatermarkRecord
from stream.store.changelog import Changes
from stream.store.keyed import Keyed

P = TypeVar("P", bound=Placed)
T = TypeVar("T", bound=Sequenced)
Value = tuple[int, bytes | None]
"""(offset, value) of a record."""


class WaitingStage(Stage[P], Generic[P, T]):
    """A stage behind a watermark. A subclass finds the key of a record, makes states and applies records.

    `counted`: the name of its records in counts · `most`: records and deadlines that one `advance` does, None: all.
    """

    counted: ClassVar[str]
    most: int | None = None

    def __init__(
        self, states: Keyed[P], watermark: Watermark, decode: Callable[[bytes], T | WatermarkRecord]
    ) -> None:
        super().__init__(states)
        self._watermark = watermark
        self._decode = decode
        self._waiting: list[tuple[int, str, int, int, T]] = []
        self._offsets: OrderedDict[int, None] = OrderedDict()
        self.advanced = self._until = self._turned = NEVER

    @abstractmethod
    def _whose(self, record: T) -> str:
        """The key of the record's state."""

    @abstractmethod
    def _new(self, key: str) -> P:
        """An empty state."""

    @abstractmethod
    def _apply_to(self, state: P, record: T, out: Outputs) -> None:
        """Applies a record to its state."""

    def _begins(self, record: T) -> bool:
        """Whether the record makes a state if there is none."""
        return True

    @abstractmethod
    def _ends(self, record: T) -> bool:
        """Whether the state ends with this record. Later records of the same time are dropped too."""

    def _deadline(self, state: P) -> int:
        """The next time (ms) at which something of the state fires."""
        return state.deadline()

    def _fire(self, state: P, until: int, out: Outputs) -> bool:
        """Fires the deadlines up to and including `until` (ms); there is at least one. False: the state ended."""
        return False

    def _forgotten(self, key: str) -> None:
        """Called after a state was forgotten."""

    def _next_turn(self) -> int | None:
        """The next time (ms) after `_turned` at which a new document must be applied to all states. None: there is none."""
        return None

    def _turn(self, time: int, most: int, out: Outputs) -> bool:
        """Applies the document of that time (ms) to at most `most` states. Returns whether all are done."""
        raise NotImplementedError  # pragma: no cover - a stage without a next turn has none

    def add(self, records: Iterable[Value | Block]) -> None:
        """Adds records. `advance` applies those before the watermark. Blocks come only where a compiled part reads them."""
        for offset, value in cast(Iterable[Value], records):
            if offset < self.position or value is None:
                continue
            self.take(offset, self._decode(value))

    def take(self, offset: int, record: T | WatermarkRecord) -> None:
        """Adds one record. Its offset must be new."""
        self.position = offset + 1
        if isinstance(record, WatermarkRecord):
            self._watermark.move(record)
        elif record.at >= self.advanced:
            heappush(self._waiting, (record.at, record.visitor, record.n, offset, record))
            self._offsets[offset] = None

    def advance(self, out: Outputs) -> None:
        """Applies the records before the watermark and fires the deadlines up to it, at most `most`.

        `advanced` moves once all of that is done.
        """
        if self._until <= self.advanced:
            self._until = self._watermark.value
        left = self.most or maxsize
        while self._until > self.advanced:
            turn = self._next_turn()
            turns = turn is not None and turn <= self._until
            until = turn - 1 if turns and turn is not None else self._until
            left = self._reach(until, turn if turns and turn is not None else until, left, out)
            if not left:
                return
            self.advanced = max(self.advanced, until)
            if not turns or turn is None or not self._turn(turn, left, out):
                return

    def _reach(self, until: int, before: int, left: int, out: Outputs) -> int:
        """Applies the records before `before` (ms), then fires the deadlines up to and including `until` (ms).

        Does at most `left` of them. Returns how many more may be done, 0 if this is not finished.
        """
        left -= self._apply_waiting(before, left, out)
        if not left:
            return 0
        self._fire_all(self._states.due(until, left if self.most else None), until, out)
        return 0 if self._states.behind else left

    def _apply_waiting(self, before: int, most: int, out: Outputs) -> int:
        """Applies at most `most` of the waiting records before `before` (ms), in their order. Returns how many."""
        waiting, taken = self._waiting, 0
        while taken < most and waiting and waiting[0][0] < before:
            taken += 1
            _, _, _, offset, record = heappop(waiting)
            del self._offsets[offset]
            self._apply(record, out)
        return taken

    def _fire_all(self, rows: list[tuple[str, P]], until: int, out: Outputs) -> None:
        """Fires what is due up to and including `until` (ms), of states whose timers have come, and sets their timers."""
        for row in rows:
            self._fire_one(until, out, row)

    def _fire_one(self, until: int, out: Outputs, row: tuple[str, P]) -> None:
        key, state = row
        if self._survives(state, until, out):
            self._states.arm(key, state, self._deadline(state))

    def catch_up(self, out: Outputs) -> None:
        """Continues what `advance` left undone, at most `most`."""
        self.advance(out)

    @property
    def owes(self) -> bool:
        """Whether waiting records or due deadlines are left for `catch_up`."""
        return self._watermark.value > self.advanced

    def _apply(self, record: T, out: Outputs) -> None:
        states, key = self._states, self._whose(record)
        place = record.at, record.visitor, record.n
        state = states.live.get(key) or states.get(key)
        if state is not None:
            if place <= (state.applied, state.last_visitor, state.last_n):
                out.counts[self.counted, "copy"] += 1
                return
            if state.armed <= record.at and not self._survives(state, record.at, out):
                state = None
        if state is None:
            if not self._begins(record) or not (state := self._created(key, record.at)):
                return
        else:
            states.dirty[key] = state
        self._apply_to(state, record, out)
        state.applied, state.last_visitor, state.last_n = place
        if self._ends(record):
            self._end(key, state)
            out.counts[self.counted, "applied"] += 1
            return
        if state.armed <= record.at:
            state.armed = NEVER
        deadline = self._deadline(state)
        if deadline < state.armed or state.armed == NEVER:
            states.arm(key, state, deadline)
        out.counts[self.counted, "applied"] += 1

    def _created(self, key: str, at: int) -> P | None:
        """A new state for a record at `at` (ms). None if the key was forgotten at that time or later."""
        deleted = self._states.deleted(key)
        if deleted is not None and at <= deleted[0]:
            return None
        state = self._new(key)
        self._states.add(key, state)
        return state

    def _survives(self, state: P, until: int, out: Outputs) -> bool:
        """Fires the state's deadlines up to and including `until` (ms). False if that forgot the state."""
        if self._deadline(state) > until:
            return True
        self._states.dirty[state.id] = state
        state.version = max(state.version, until)
        if self._fire(state, until, out):
            return True
        self._end(state.id, state)
        return False

    def _end(self, key: str, state: P) -> None:
        self._states.forget(key, state)
        self._forgotten(key)

    @property
    def waits(self) -> bool:
        """Whether a record waits for the watermark."""
        return bool(self._waiting)

    @property
    def watermark(self) -> int:
        """The smallest evidence (ms) over all sources, -1 until every source is known."""
        return self._watermark.value

    @property
    def clock(self) -> int:
        """The time (ms) up to which the stage has decided."""
        return self.advanced

    @property
    def committable(self) -> int:
        """The offset to commit, once the records of `changes` at this moment are written."""
        return next(iter(self._offsets), self.position)

    def parts(self) -> Iterator[Changes]:
        first = self.position > 0 and not self._states.written
        return self._states.parts((self.advanced, max(self._turned, 0), 0), first)

    def committed(self, offset: int) -> None:
        """Writes tombstones for states forgotten before the written clock: no copy comes before that clock."""
        self._states.committed(self._states.clock[0])

    def restored(self) -> None:
        """Ends a restore: the stage continues from where the changelog ends."""
        self.advanced, self._turned, _ = self._states.restored()
        self._until = self.advanced
        self._states.reach(self.advanced)
