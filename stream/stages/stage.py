"""The common part of the stages: states by key, and claims or facts that wait for the watermark.

Source: docs/semantics.md, 1. A stage behind a watermark applies what it is told in the order (at, visitor, n),
and only what is before the watermark; deadlines of a state at or before that time fire first. Copies, which a
crash of the stage before may leave, take the same place and count once. Invariant: all that is before `advanced`
is in the states, and all deadlines up to it have fired.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from stream.outputs.outputs import Outputs
from stream.stages.watermark import Watermark
from stream.state.cart import NEVER
from stream.state.facts import Mark
from stream.store.changelog import Changes, Entries
from stream.store.keyed import Keyed, State


class Sequenced(Protocol):
    """A fact or a claim. Its place among all that one state is told: (at, visitor, n)."""

    at: int
    visitor: str
    n: int


class Placed(State, Protocol):
    """A state whose last fact or claim has the place (applied, last_visitor, last_n)."""

    id: str
    last_visitor: str
    last_n: int

    def deadline(self) -> int:
        """The next time (ms) at which something of this state fires."""


S = TypeVar("S", bound=State)
P = TypeVar("P", bound=Placed)
T = TypeVar("T", bound=Sequenced)


class Stage(Generic[S]):
    """The states of one partition. `position`: the next offset of the input."""

    def __init__(self, states: Keyed[S]) -> None:
        self._states: Final = states
        self.position = 0

    @property
    def next_deadline(self) -> int | None:
        """A lower bound (ms) of the time at which a deadline could fire."""
        return self._states.next_deadline

    @property
    def keys(self) -> int:
        return len(self._states)

    @property
    def size(self) -> int:
        """Bytes of the packed states, as of the last call of `changes`."""
        return self._states.size

    @property
    def written(self) -> bool:
        """Whether anything was ever written down: it was, before any offset was committed."""
        return self._states.written

    def rest(self) -> None:
        """In place of `changes` where nothing is written down: keeps what is held in its bounds."""
        self._states.rest()

    def restore(self, records: Entries) -> None:
        """Takes in records of the changelog, in its order. Raises UnreadableState."""
        self._states.restore(records)


class WaitingStage(Stage[P], ABC, Generic[P, T]):
    """A stage behind a watermark. A subclass says whose a record is, makes a state and folds a record into it.

    `counted`: the name of what is applied, among the counts of the outputs.
    """

    counted: ClassVar[str]

    def __init__(
        self, states: Keyed[P], watermark: Watermark, decode: Callable[[bytes], T | Mark]
    ) -> None:
        super().__init__(states)
        self._watermark = watermark
        self._decode = decode
        self._waiting: list[tuple[int, str, int, int, T]] = []
        self._offsets: OrderedDict[int, None] = OrderedDict()
        self.advanced = NEVER

    @abstractmethod
    def _whose(self, told: T) -> str:
        """The key of the state that a record is for."""

    @abstractmethod
    def _new(self, key: str) -> P:
        """An empty state."""

    @abstractmethod
    def _fold(self, state: P, told: T, out: Outputs) -> None:
        """Applies a record to its state."""

    def _begins(self, told: T) -> bool:
        """Whether a record makes a state where there is none."""
        return True

    def _deadline(self, state: P) -> int:
        """The next time (ms) at which something of the state fires."""
        return state.deadline()

    def _fire(self, state: P, until: int, out: Outputs) -> bool:
        """Fires the deadlines at or before `until`, of which there are some; False if the state is forgotten."""
        return False

    def _forgotten(self, key: str) -> None:
        """A state was forgotten."""

    def add(self, records: Iterable[tuple[int, bytes | None]]) -> None:
        """Takes in (offset, value) of records; `advance` applies what is before the watermark."""
        for offset, value in records:
            if offset < self.position or value is None:
                continue
            self.take(offset, self._decode(value))

    def take(self, offset: int, told: T | Mark) -> None:
        """Takes in one record, of an offset not taken in before."""
        self.position = offset + 1
        if isinstance(told, Mark):
            self._watermark.move(told)
        elif told.at >= self.advanced:
            heappush(self._waiting, (told.at, told.visitor, told.n, offset, told))
            self._offsets[offset] = None

    def advance(self, out: Outputs) -> None:
        """Applies the records before the watermark and fires the deadlines up to it."""
        watermark = self._watermark.value
        if watermark <= self.advanced:
            return
        waiting = self._waiting
        while waiting and waiting[0][0] < watermark:
            _, _, _, offset, told = heappop(waiting)
            del self._offsets[offset]
            self._apply(told, out)
        for key, state in self._states.due(watermark):
            if self._survives(state, watermark, out):
                self._states.arm(key, state, self._deadline(state))
        self.advanced = watermark

    def _apply(self, told: T, out: Outputs) -> None:
        states, key = self._states, self._whose(told)
        place = told.at, told.visitor, told.n
        state = states.live.get(key) or states.get(key)
        if state is not None:
            if place <= (state.applied, state.last_visitor, state.last_n):
                out.counts[self.counted, "copy"] += 1
                return
            if state.armed <= told.at and not self._survives(state, told.at, out):
                state = None
        if state is None:
            grave = states.grave(key)
            if not self._begins(told) or (grave is not None and told.at <= grave[0]):
                return
            state = self._new(key)
            states.add(key, state)
        else:
            states.dirty[key] = state
        self._fold(state, told, out)
        state.applied, state.last_visitor, state.last_n = place
        if state.armed <= told.at:
            state.armed = NEVER
        states.arm(key, state, self._deadline(state))
        out.counts[self.counted, "applied"] += 1

    def _survives(self, state: P, until: int, out: Outputs) -> bool:
        """Fires what is due at or before `until`; False if that forgot the state."""
        if self._deadline(state) > until:
            return True
        self._states.dirty[state.id] = state
        if self._fire(state, until, out):
            return True
        self._states.forget(state.id, state)
        self._forgotten(state.id)
        return False

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

    def changes(self) -> Changes:
        """Changelog records since the last call, to land in this order; the last vouches for the rest."""
        first = self.position > 0 and not self._states.written
        return self._states.changes((self.advanced, 0, 0), first)

    def committed(self, offset: int) -> None:
        """What was forgotten may be buried, if the clock that landed vouches for it: copies come only behind that."""
        self._states.committed(self._states.clock[0])

    def restored(self) -> None:
        """All records of the changelog are in: goes on from where they left off."""
        self.advanced, _, _ = self._states.restored()
        self._states.reach(self.advanced)
