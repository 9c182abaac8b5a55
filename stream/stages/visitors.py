"""The visitors stage of one input partition: events in their order, one state per visitor.

Source: docs/semantics.md, 1 to 5. An event is handled in one order: the visitor's deadlines up to its
time fire; if it is not ignored, a change of person is announced, the event is applied, presence follows,
then the event's own fact, then its claims (`stream/stages/applying.py`). Deadlines of other visitors fire at
the end of the batch: no answer depends on the order among visitors. Invariant: all that stands before `position` is in the states.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from msgspec import UNSET

from schemas import names_nobody
from stream.events.decoding import Rejected, parse
from stream.events.nearest import shown
from stream.events.records import Block, Line, Record
from stream.events.types import TAGS, Event
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_facts
from stream.stages.applying import CODES, KEPT_AS, apply
from stream.stages.backend import KINDS, Callbacks, Make, fastest
from stream.stages.judgement import ELSEWHERE, judge
from stream.stages.record_outcomes import Fates
from stream.state.cart import NEVER
from stream.state.visitor import FORGET_AFTER, IDLE_AFTER, LATE_AFTER, Visitor
from stream.store.changelog import Changes, Entries
from stream.store.keyed import Keyed

Parse = Callable[[Any], Event | None]


class Visitors:
    """`clock`: evidence reached (ms) · `position`: the next input offset; both -1 and 0 at first."""

    def __init__(self, recipes: Recipes, make: Make | None = None) -> None:
        """`make`: how visitors are made; None: the fastest way there is."""
        self._recipes = recipes
        self._make = make or fastest()
        self._states: Keyed[Visitor] = Keyed(
            self._make.encode, self._make.decode, self._make.pack_all, self._make.back
        )
        self._time = NEVER
        self.clock = NEVER
        self.position = 0

    def process(
        self,
        records: Iterable[Record | Block | Line],
        out: Outputs,
        parse: Parse = parse,
        record: Callable[[int, bytes, int], Record] | None = None,
    ) -> None:
        """Applies a batch of records in offset order and fires what was due before its last one.

        A block stands for its records, and so does a line by `record`, if this stage `takes_blocks`.
        `parse` gives the event of a value, as `decoding.parse` does, which is for records as they come.
        Records before `position` are skipped. Time does not move back behind evidence either: of a broker whose clock
        is further behind than the margin, an order still counts. Never raises for what a record holds.
        """
        fates = Fates()
        self._time = max(self._time, self.clock)
        applied: Iterable[int] = ()
        take = partial(self._take, parse, fates, out)
        if self._make.run is None:
            self._run(cast(Iterable[Record], records), take)
        else:
            active = announce_facts.active
            callbacks = Callbacks(
                record, take, self._fresh, active, self._arm, out, self._recipes.popups
            )
            self.position, self._time, applied = self._make.run(
                records, self.position, self._time, self._states.held, callbacks
            )
        fates.count(zip(KINDS, applied, strict=False), out)
        self.advance(self._time, out)

    def _run(self, records: Iterable[Record], take: Callable[..., None]) -> None:
        position, reached = self.position, self._time
        for offset, time, key, value in records:
            if offset < position:
                continue
            position = offset + 1
            if time > reached:  # noqa: PLR1730 - every event comes by, and max() is a call
                reached = time
            take(offset, reached, key, value)
        self.position, self._time = position, reached

    def _take(
        self,
        parse: Parse,
        fates: Fates,
        out: Outputs,
        offset: int,
        t: int,
        key: bytes | None,
        value: Any,
    ) -> None:
        """One record at `t`."""
        kind: type = Event
        try:
            event = parse(value)
            if event is None:
                fate = "clock"
            else:
                kind = type(event)
                if key != event.visitor.encode():
                    raise Rejected("no_key" if key is None else "key_differs", "$.visitor")
                if event.aside is not None:
                    _report(event, kind, offset, out)
                fate = "unknown" if kind is Event else self._handle(offset, t, event, kind, out)
        except Rejected as fault:
            out.rejected.append((offset, fault.reason, fault.path))
            fate = "rejected"
        fates.note(fate, kind)

    @property
    def takes_blocks(self) -> bool:
        return self._make.run is not None

    def advance(self, time: int, out: Outputs) -> None:
        """Evidence has reached `time`: deadlines at or before it fire."""
        if time <= self.clock:
            return
        self.clock = time
        for _, state in self._states.due(time):
            if self._fire(state, time, out):
                self._arm(state)

    def _handle(self, offset: int, t: int, event: Event, kind: type, out: Outputs) -> str:
        """Applies one event at `t` to its visitor's state; tells its fate."""
        states, key = self._states, event.visitor
        state = states.live.get(key) or states.get(key)
        if state is not None and NEVER < state.armed <= t and not self._fire(state, t, out):
            state = None
        name = CODES[kind] + event.id
        if state is None:
            grave = states.grave(key)
            if grave is not None and offset <= grave[0]:
                return "replayed"
        elif offset <= state.applied:
            return "replayed"
        elif state.knows(name):
            return "duplicate"
        sent = event.client_time
        late = sent is not UNSET and sent < t - LATE_AFTER
        verdict = judge(state, event, kind, late)
        if verdict > ELSEWHERE:
            return KEPT_AS[verdict]
        if state is None:
            state = self._make.new(key)
            states.add(key, state)
        else:
            states.dirty[key] = state
        apply(state, event, kind, verdict, late, t, self._recipes, out)
        if not names_nobody(event.id):
            state.remember(name)
        state.applied = offset
        state.last_event = t
        armed = state.armed
        if armed <= t:  # NEVER is before all times
            state.armed = NEVER
            self._arm(state)
        elif t + IDLE_AFTER < armed and state.idle_pending:
            self._arm(state)
        return "applied"

    def _fresh(self, key: str) -> Visitor | None:
        """A new state; None for a name of nobody, and for one that has a grave."""
        states = self._states
        if names_nobody(key) or states.grave(key) is not None:
            return None
        state = self._make.new(key)
        states.add(key, state)
        return state

    def _arm(self, state: Visitor) -> None:
        """Wakes the visitor at its next deadline."""
        idle = state.idle_pending
        deadline = state.last_sign + IDLE_AFTER if idle else state.last_event + FORGET_AFTER
        self._states.arm(state.id, state, deadline)

    def _fire(self, state: Visitor, until: int, out: Outputs) -> bool:
        """Fires the visitor's deadlines at or before `until`; False if that forgot the visitor."""
        if state.idle_pending and state.last_sign + IDLE_AFTER <= until:
            announce_facts.fell_idle(state, out)
            self._states.dirty[state.id] = state
        if state.last_event + FORGET_AFTER <= until:
            self._states.forget(state.id, state)
            return False
        return True

    @property
    def next_deadline(self) -> int | None:
        """A lower bound (ms) of the time at which `advance` could do something."""
        return self._states.next_deadline

    @property
    def keys(self) -> int:
        return len(self._states)

    @property
    def size(self) -> int:
        """Bytes of the packed states, as of the last call of `changes`."""
        return self._states.size

    def changes(self) -> Changes:
        """Changelog records since the last call, to land in this order; the last vouches for the rest."""
        clock = (self.position, self._time, self.clock)
        return self._states.changes(clock, self._time != self._states.clock[1])

    @property
    def written(self) -> bool:
        """As of People."""
        return self._states.written

    def rest(self) -> None:
        """In place of `changes` where nothing is written down: keeps what is held in its bounds."""
        self._states.rest()

    def committed(self, offset: int) -> None:
        """What was forgotten before `offset` may be buried, if the clock that has landed vouches for it."""
        self._states.committed(min(offset, self._states.clock[0]))

    def restore(self, records: Entries) -> None:
        """Records of the changelog, in its order. Raises UnreadableState."""
        self._states.restore(records)

    def restored(self) -> None:
        """All records of the changelog are in: goes on from where they left off."""
        position, self._time, self.clock = self._states.restored()
        self.position = max(position, 0)
        self._states.reach(self.clock)


def _report(event: Event, kind: type, offset: int, out: Outputs) -> None:
    """Tells the parts of an event that were left out, and the name of a type that there is not."""
    named = TAGS.get(kind, "")
    for fault in event.faults:
        out.reported.append((offset, named, fault.path))
        out.counts["reported", f"{named}:{fault.path}"] += 1
    if kind is Event:
        out.counts["unknown", shown(event.reading.type)] += 1
