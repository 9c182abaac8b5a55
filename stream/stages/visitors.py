"""The visitors stage of one input partition: applies events in order, with one state for each visitor.

Source: docs/semantics.md, 1 to 5. First the visitor's deadlines fire, up to the event's time. Then the
event is judged (`judgement.py`), and applied if it counts (`applying.py`). Deadlines of other visitors
fire at the end of the batch: no answer depends on the order among visitors.
Invariant: the states contain every record before `position`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

from msgspec import UNSET

from schemas import names_nobody
from stream.events.decoding import Rejected, parse
from stream.events.records import Block, Line, Record
from stream.events.types import Event, PersonErased
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages import announce_facts, erasing, mirrored
from stream.stages.applying import CODES, KEPT_AS, apply
from stream.stages.backend import Callbacks, VisitorBackend, best_backend
from stream.stages.judgement import ATTENDED, ELSEWHERE, judge
from stream.stages.record_outcomes import RecordOutcomes, reject, report
from stream.stages.stage import Stage
from stream.state.cart import NEVER
from stream.state.visitor import FORGET_AFTER, IDLE_AFTER, LATE_AFTER, Visitor
from stream.store.changelog import Changes
from stream.store.keyed import Keyed

Parse = Callable[[Any], Event | None]


class Visitors(Stage[Visitor]):
    """The visitors stage.

    `clock`: evidence reached (ms), -1 at first · `position`: the next input offset, 0 at first ·
    `most`: how many deadlines of visitors without an event fire in one call, None: all.
    """

    most: int | None = None

    def __init__(self, recipes: Recipes | History, make: VisitorBackend | None = None) -> None:
        """`make`: the backend of visitors. None: the compiled one if it is built, else Python."""
        self._history = History.of(recipes)
        self._make = made = make or best_backend()
        kept = made.encode, made.decode, made.pack_all, made.back
        super().__init__(Keyed(*kept, compiled=made.run is not None))
        self._time = NEVER
        self.clock = self._until = NEVER

    def process(
        self,
        records: Iterable[Record | Block | Line],
        out: Outputs,
        parse: Parse = parse,
        record: Callable[[int, bytes, int], Record] | None = None,
    ) -> None:
        """Applies a batch of records in offset order, and fires what was due before its last one.

        Records before `position` are skipped. If this stage `takes_blocks`, a batch may contain blocks, and
        lines that `record` reads. `parse` decodes a value, as `decoding.parse` does. Time never goes back
        before evidence: a record with an earlier broker's time is applied at the evidence. No content of a
        record makes this raise.
        """
        outcomes = RecordOutcomes()
        self._time = max(self._time, self._until)
        applied: Iterable[int] = ()
        take = partial(self._take, parse, outcomes, out)
        if self._make.run is None:
            self._run(cast(Iterable[Record], records), take)
        else:
            applied_by = partial(self._apply, out)
            active, facts = announce_facts.active, out.facts if out.as_json else None
            given = (self._fresh, applied_by, active, self._states.set_timer, facts, out)
            callbacks = Callbacks(record, take, parse, *given, self._history.popups)
            self.position, self._time, applied = self._make.run(
                records, self.position, self._time, self._states.held, callbacks
            )
        outcomes.count(zip(mirrored.KINDS, applied, strict=False), out)
        self.advance(self._time, out)

    def _run(self, records: Iterable[Record], take: Callable[..., None]) -> None:
        position, reached = self.position, self._time
        for offset, time, key, value in records:
            if offset < position:
                continue
            position = offset + 1
            reached = max(reached, time)
            take(offset, reached, key, value)
        self.position, self._time = position, reached

    def _take(
        self,
        parse: Parse,
        outcomes: RecordOutcomes,
        out: Outputs,
        offset: int,
        t: int,
        key: bytes | None,
        value: Any,
    ) -> None:
        """Handles one record at `t` (ms), and counts its outcome."""
        kind: type = Event
        try:
            event = parse(value)
            if event is None:
                outcome = "clock"
            else:
                kind = type(event)
                if key != event.visitor.encode():
                    raise Rejected("no_key" if key is None else "key_differs", "$.visitor")
                if event.aside is not None:
                    report(event, kind, offset, out)
                outcome = "unknown" if kind is Event else self._handle(offset, t, event, kind, out)
        except Rejected as fault:
            outcome, kind = "rejected", reject(fault, kind, offset, value, out)
        outcomes.note(outcome, kind)

    @property
    def takes_blocks(self) -> bool:
        return self._make.run is not None

    def advance(self, time: int, out: Outputs) -> None:
        """Moves evidence to `time` (ms) and fires the deadlines up to and including it, at most `most`.

        The clock reaches `time` once all have fired; `catch_up` fires more.
        """
        self._until = max(self._until, time)
        self.catch_up(out)

    def catch_up(self, out: Outputs) -> None:
        """Fires more of the deadlines that evidence has reached, at most `most`."""
        if not self.owes:
            return
        states = self._states
        rows = states.due(self._until, self.most)
        if self._make.fire_all is not None and out.as_json:
            forget = partial(self._fire, until=self._until, position=self.position, out=out)
            timers = states.dirty, states.set_timer, self._arm, forget
            self._make.fire_all(rows, self._until, out.facts, *timers)
        else:
            for _, state in rows:
                if self._fire(state, self._until, self.position, out):
                    self._arm(state)
        if states.behind:
            self._time = max(self._time, self._until)
        else:
            self.clock = self._until

    @property
    def owes(self) -> bool:
        """Whether due deadlines are left for `catch_up`."""
        return self._until > self.clock

    def _handle(self, offset: int, t: int, event: Event, kind: type, out: Outputs) -> str:
        """Applies one event at `t` (ms) to its visitor's state. Returns the outcome."""
        states, key = self._states, event.visitor
        state = states.live.get(key) or states.get(key)
        if state is not None and NEVER < state.armed <= t and not self._fire(state, t, offset, out):
            state = None
        name = CODES[kind] + event.id
        if state is None:
            deleted = states.deleted(key)
            if deleted is not None and offset <= deleted[0]:
                return "replayed"
        elif offset <= state.applied:
            return "replayed"
        elif state.knows(name):
            return "duplicate"
        if isinstance(event, PersonErased):
            return erasing.erase_at(states, self._make.new, state, event, offset, t, out)
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
        apply(state, event, kind, verdict, late, t, self._history.at(t), out)
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

    def _apply(self, out: Outputs, state: Visitor, event: Event, t: int) -> None:
        """Applies an event without keys and customer, neither late nor of a pseudo-visitor. C calls this."""
        apply(state, event, type(event), ATTENDED, False, t, self._history.at(t), out)

    def _fresh(self, key: str) -> Visitor | None:
        """A new state. None for a name of nobody, and for a visitor that was deleted."""
        states = self._states
        if names_nobody(key) or states.deleted(key) is not None:
            return None
        state = self._make.new(key)
        states.add(key, state)
        return state

    def _arm(self, state: Visitor) -> None:
        """Sets the timer of the visitor's next deadline."""
        idle = state.idle_pending
        deadline = state.last_sign + IDLE_AFTER if idle else state.last_event + FORGET_AFTER
        self._states.arm(state.id, state, deadline)

    def _fire(self, state: Visitor, until: int, position: int, out: Outputs) -> bool:
        """Fires the visitor's deadlines up to and including `until` (ms). False if that forgot the visitor.

        `position`: the events before it have been handled. A forgotten visitor's record keeps it, so that events that
        are read again do not create a new visitor.
        """
        if state.idle_pending and state.last_sign + IDLE_AFTER <= until:
            if self._make.fell_idle is not None and out.as_json:
                self._make.fell_idle(state, out.facts)
            else:
                announce_facts.fell_idle(state, out)
            self._states.dirty[state.id] = state
            state.version = max(state.version, until)
        if state.last_event + FORGET_AFTER <= until:
            state.applied = max(state.applied, position - 1)
            state.version = max(state.version, until)
            self._states.forget(state.id, state)
            return False
        return True

    def parts(self) -> Iterator[Changes]:
        clock = (self.position, self._time, self.clock)
        return self._states.parts(clock, self._time != self._states.clock[1])

    def committed(self, offset: int) -> None:
        """Notes that `offset` is committed. Keys forgotten before it and before the written clock get tombstones."""
        self._states.committed(min(offset, self._states.clock[0]))

    def restored(self) -> None:
        """Ends a restore: the stage continues from where the changelog ends. It may owe deadlines."""
        position, self._time, self.clock = self._states.restored()
        self.position, self._until = max(position, 0), max(self._time, self.clock)
        self._states.reach(self.clock)
