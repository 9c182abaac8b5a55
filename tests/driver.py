"""Runs all stages in memory, like Kafka Streams' TopologyTestDriver: pipe events, move time, read outputs.

The visitors stage runs in Python and, if it is built, compiled: both must say the same after every call. The people stage is
that in Python: its compiled part is held against it in tests/properties. Every event is processed at once, with its facts
and its watermark, so the decisions up to then can be read after every call. Times are ms since the epoch.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from stream import backtest
from stream.durations import HOUR
from stream.outputs.outputs import Outputs
from stream.outputs.triggers import CANCELLED, FIRED
from stream.stages.backend import PURE, best_backend
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS, watermark_record
from tests import checked

START: Final = 1_767_571_200_000 + 12 * HOUR
"""Mon 5 Jan 2026 12:00 UTC."""

Document = dict[str, Any]
LISTS: Final = sorted({*Outputs.__slots__} - {"counts"})
"""The outputs that are lists."""
LAMP: Final[Document] = {"product_id": "lamp", "quantity": 1, "price": 40}
SHOE: Final[Document] = {"product_id": "shoe", "quantity": 2, "price": 79.9, "category": "shoes"}


class Driver:
    """All stages with their clock `now`, from START on. `rules`: a recipes file's contents, by default the shipped ones."""

    def __init__(self, rules: Document | None = None) -> None:
        self._recipes = checked.recipes(rules or {})
        self._visitors, self._compiled = _both(self._recipes)
        self._keys = Keys(1)
        self._people = People(self._recipes, 1, 1, compiled=False)
        self._out = Outputs()
        self._topic: list[bytes] = []
        self._told = self._claimed = 0
        self._claims: list[bytes] = []
        self._events = 0
        self._changelogs: list[list[tuple[bytes, bytes | None]]] = [[], [], []]
        self.now = START

    def pipe(self, type: str, visitor: str = "phone", **body: Any) -> "Driver":
        """Sends one event of `visitor` at `now`."""
        return self.of(type, visitor=visitor, **body)

    def of(self, type: str, **body: Any) -> "Driver":
        """Sends one event at `now`, keyed by the visitor or pseudo-visitor it names."""
        event = {"id": f"e-{self._events}", "type": type, **body}
        value = json.dumps(event, ensure_ascii=False).encode()
        return self.raw(value, backtest.key(value))

    def raw(self, value: bytes | None, key: bytes | None = b"phone") -> "Driver":
        """Sends a record with this value, unchanged."""
        record = self._events, self.now, key, value
        self._run(lambda visitors, out: visitors.process([record], out))
        self._events += 1
        return self._carry()

    def wait(self, ms: int) -> "Driver":
        """Advances time by watermarks alone, without an event."""
        self.now += ms
        self._run(lambda visitors, out: visitors.advance(self.now, out))
        return self._carry()

    def _run(self, step: Callable[[Visitors, Outputs], None]) -> None:
        """Takes a step of the visitors stage in Python, and compares the compiled one."""
        before, compiled = {name: len(getattr(self._out, name)) for name in LISTS}, Outputs()
        step(self._visitors, self._out)
        step(self._compiled, compiled)
        for name in LISTS:
            assert getattr(compiled, name) == getattr(self._out, name)[before[name] :], name

    def _carry(self) -> "Driver":
        before = len(self._claims)
        self._claims += [value for _, value in self._out.claims[self._claimed :]]
        self._claimed = len(self._out.claims)
        self._claims.append(watermark_record({0: self.now}, 1))
        self._keys.add(enumerate(self._claims[before:], before))
        self._keys.advance(self._out)
        first = len(self._topic)
        self._topic += [value for _, value in self._out.facts[self._told :]]
        self._told = len(self._out.facts)
        self._topic += [
            watermark_record({0: self.now}, 1),
            watermark_record({0: self._keys.clock}, 1, KEYS),
        ]
        self._people.add(enumerate(self._topic[first:], first))
        self._people.advance(self._out)
        return self

    def restart(self, rules: Document | None = None) -> "Driver":
        """Replaces the workers: new ones restore from the changelogs, with `rules` if given.

        They read the claims and the facts again from the start.
        """
        if rules is not None:
            self._recipes = checked.recipes(rules)
        visitors, keys, people = self.changelogs
        self._visitors, self._compiled = _both(self._recipes)
        self._keys = Keys(1)
        self._people = People(self._recipes, 1, 1, compiled=False)
        for each in (self._visitors, self._compiled):
            each.restore(visitors)
        self._keys.restore(keys)
        self._people.restore(people)
        for stage in (self._visitors, self._compiled, self._keys, self._people):
            stage.restored()
        self._keys.add(enumerate(self._claims))
        self._people.add(enumerate(self._topic))
        return self

    @property
    def changelogs(self) -> list[list[tuple[bytes, bytes | None]]]:
        """The changelog records of the visitors, keys and people stages."""
        stages: tuple[Any, ...] = (self._visitors, self._keys, self._people)
        begun = len(self._changelogs[0])
        for log, stage in zip(self._changelogs, stages, strict=True):
            log += stage.changes()
        assert [*self._compiled.changes()] == self._changelogs[0][begun:]
        return self._changelogs

    @property
    def counts(self) -> dict[tuple[str, ...], int]:
        """The counts of all stages, for metrics."""
        return self._out.counts

    @property
    def claims(self) -> list[Document]:
        return [json.loads(value) for _, value in self._out.claims]

    @property
    def facts(self) -> list[Document]:
        return [json.loads(value) for value in self.raw_facts]

    @property
    def raw_facts(self) -> list[bytes]:
        return [value for _, value in self._out.facts]

    @property
    def rejected(self) -> list[tuple[str, str]]:
        """(reason, JSON path) of each rejected event."""
        return [(reason, path) for _, reason, path in self._out.rejected]

    @property
    def reported(self) -> list[str]:
        """JSON paths of the ignored fields."""
        return [fault.path for _, _, fault in self._out.reported]

    @property
    def decisions(self) -> list[Document]:
        return [json.loads(value) for _, value in self._out.decisions]

    @property
    def story(self) -> list[str]:
        """The decisions in words: `fired cart-abandonment 1`, `closed cart-abandonment 2 converted`."""
        return [
            " ".join(
                str(each[name]) for name in ("outcome", "recipe", "step", "reason") if name in each
            )
            for each in self.decisions
        ]

    @property
    def raw_triggers(self) -> list[bytes]:
        return [value for _, _, value in self._out.triggers]

    def _triggers(self, type: str) -> list[Document]:
        events = [json.loads(value) for value in self.raw_triggers]
        return [event["data"] for event in events if event["type"] == type]

    @property
    def fired(self) -> list[Document]:
        """The data of the triggers."""
        return self._triggers(FIRED)

    @property
    def cancelled(self) -> list[Document]:
        """The data of the cancels."""
        return self._triggers(CANCELLED)


def _both(recipes: Any) -> tuple[Visitors, Visitors]:
    """The visitors stage in Python, and the compiled one if it is built."""
    return Visitors(recipes, PURE), Visitors(recipes, best_backend())


def recipe(name: str, **fields: Any) -> Document:
    """A recipes file's contents: this recipe alone, without caps."""
    return {"policy": {"caps": []}, "recipes": [{"name": name, **fields}]}


def items(*lines: Document, **cart: Any) -> Document:
    """The cart of a cart.updated."""
    return {"items": list(lines), **cart}
