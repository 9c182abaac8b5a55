"""A stage whose claims or facts wait for the watermark.

Source: docs/semantics.md, 1. A stage behind a watermark applies what it is told in the order (at, visitor, n),
and only what is before the watermark; deadlines of a state at or before that time fire first. Copies, which a
crash of the stage before may leave, take the same place and count once. Invariant: all that is before `advanced`
is in the states, and all deadlines up to it have fired.
"""

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from sys import maxsize
from typing import ClassVar, Generic, TypeVar

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


class WaitingStage(Stage[P], Generic[P, T]):
    """A stage behind a watermark. A subclass says whose a record is, makes a state and folds a record into it.

    `counted`: the name of what is applied, among the counts of the outputs · `most`: records and deadlines of one
    `advance`, None: all.
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
        """The key of the state that a record is for."""

    @abstractmethod
    def _new(self, key: str) -> P:
        """An empty state."""

    @abstractmethod
    def _apply_to(self, state: P, record: T, out: Outputs) -> None:
        """Applies a record to its state."""

    def _begins(self, record: T) -> bool:
        """Whether a record makes a state where there is none."""
        return True

    def _ends(self, record: T) -> bool:
        """Whether nothing of the state is kept behind a record, be it new: what comes at its time is gone, too."""
        return False

    def _deadline(self, state: P) -> int:
        """The next time (ms) at which something of the state fires."""
        return state.deadline()

    def _fire(self, state: P, until: int, out: Outputs) -> bool:
        """Fires the deadlines at or before `until`, of which there are some; False if the state is forgotten."""
        return False

    def _forgotten(self, key: str) -> None:
        """A state was forgotten."""

    def _next_turn(self) -> int | None:
        """The first time (ms) after `_turned` at which all states are looked at, before all else that happens then."""
        return None

    def _turn(self, time: int, most: int, out: Outputs) -> bool:
        """Looks at the states at such a time, `most` of them in one call; whether it has looked at all."""
        raise NotImplementedError

    def add(self, records: Iterable[tuple[int, bytes | None]]) -> None:
        """Takes in (offset, value) of records; `advance` applies what is before the watermark."""
        for offset, value in records:
            if offset < self.position or value is None:
                continue
            self.take(offset, self._decode(value))

    def take(self, offset: int, record: T | WatermarkRecord) -> None:
        """Takes in one record, of an offset not taken in before."""
        self.position = offset + 1
        if isinstance(record, WatermarkRecord):
            self._watermark.move(record)
        elif record.at >= self.advanced:
            heappush(self._waiting, (record.at, record.visitor, record.n, offset, record))
            self._offsets[offset] = None

    def advance(self, out: Outputs) -> None:
        """Applies the records before the watermark and fires the deadlines up to it, `most` at a time. It has advanced
        once all of that is done.
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
            if not turns or turn is None:
                return
            if not self._turn(turn, left, out):
                return

    def _reach(self, until: int, before: int, left: int, out: Outputs) -> int:
        """Applies the records with a time before `before` and fires the deadlines up to `until`. How many more may be:
        0 if not all is done.
        """
        waiting = self._waiting
        while waiting and waiting[0][0] < before:
            if not left:
                return 0
            left -= 1
            _, _, _, offset, record = heappop(waiting)
            del self._offsets[offset]
            self._apply(record, out)
        if not left:
            return 0
        for key, state in self._states.due(until, left if self.most else None):
            if self._survives(state, until, out):
                self._states.arm(key, state, self._deadline(state))
        return 0 if self._states.behind else left

    def catch_up(self, out: Outputs) -> None:
        """Does more of what the watermark allows."""
        self.advance(out)

    @property
    def owes(self) -> bool:
        """Whether `advance` would do more."""
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
            deleted = states.deleted(key)
            if not self._begins(record) or (deleted is not None and record.at <= deleted[0]):
                return
            state = self._new(key)
            states.add(key, state)
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

    def _survives(self, state: P, until: int, out: Outputs) -> bool:
        """Fires what is due at or before `until`; False if that forgot the state."""
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
        """The smallest evidence (ms) over all sources, -1 until all are known."""
        return self._watermark.value

    @property
    def clock(self) -> int:
        """Time (ms) up to which the stage has decided."""
        return self.advanced

    @property
    def committable(self) -> int:
        """The offset that may be committed once what `changes` gave at this moment has landed."""
        return next(iter(self._offsets), self.position)

    def parts(self) -> Iterator[Changes]:
        first = self.position > 0 and not self._states.written
        return self._states.parts((self.advanced, max(self._turned, 0), 0), first)

    def committed(self, offset: int) -> None:
        """What was forgotten may be buried, if the clock that landed vouches for it: copies come only behind that."""
        self._states.committed(self._states.clock[0])

    def restored(self) -> None:
        """All records of the changelog are in: goes on from where they left off."""
        self.advanced, self._turned, _ = self._states.restored()
        self._until = self.advanced
        self._states.reach(self.advanced)
