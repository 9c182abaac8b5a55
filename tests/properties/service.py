"""All stages with their topics in memory; a property can crash and restore them anywhere.

Writes reach the topics in the order of the service: outputs, changelog, commit. A crash loses unwritten
records; the next owner restores from a changelog that also has duplicates and an old owner's late
records, and reads its input again from the commit or from before it.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from stream import backtest
from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS, watermark_record

Changelog = list[tuple[bytes, bytes | None]]


class Service:
    """All stages with topics in memory.

    `most`: deadlines fired in one call of a stage, None: all · `compiled`: whether the people stage uses its compiled part;
    of several, one for each start.
    """

    def __init__(
        self,
        rules: Recipes | History,
        lines: Sequence[bytes],
        most: int | None = None,
        compiled: Iterator[bool] = repeat(True),  # noqa: B008 - it has no state
    ) -> None:
        self.rules = rules
        self.most = most
        self._compiled = compiled
        self.events = [
            (offset, time, key, value if isinstance(value, bytes) else line)
            for (offset, time, key, value), line in zip(backtest.records(lines), lines, strict=True)
        ]
        self._begin()
        self.claims: list[bytes] = []
        self.topic: list[bytes] = []
        self.triggers: set[bytes] = set()
        self.decisions: set[bytes] = set()
        self.others: set[bytes] = set()
        """Outputs of shadows, outcomes and audiences."""
        self.changelogs: tuple[Changelog, Changelog, Changelog] = ([], [], [])
        self.read = self.read_claims = self.read_facts = 0
        self.committed = self.committed_claims = self.committed_facts = 0

    def _begin(self) -> None:
        self.visitors, self.keys = Visitors(self.rules), Keys(1)
        self.people = People(self.rules, 1, 1, compiled=next(self._compiled))
        self.visitors.most = self.keys.most = self.people.most = self.most

    def take(self, count: int) -> None:
        """Processes the next `count` events in all stages."""
        out = Outputs()
        self.visitors.process(self.events[self.read : self.read + count], out)
        self.read = min(self.read + count, len(self.events))
        self._carry(out)
        if count % 3 == 0:  # as a worker does before a checkpoint
            for stage in (self.visitors, self.keys, self.people):
                stage.pack_ahead(count // 3)

    def finish(self) -> None:
        """Processes all remaining events and the 8 days after the last."""
        self.take(len(self.events))
        out = Outputs()
        self.visitors.advance(self.events[-1][1] + 8 * DAY, out)
        self._carry(out)
        while self.visitors.owes or self.keys.owes or self.people.owes:
            out = Outputs()
            self.visitors.catch_up(out)
            self._carry(out)

    def _carry(self, out: Outputs) -> None:
        self.claims += [value for _, value in out.claims]
        self.claims.append(watermark_record({0: self.visitors.clock}, 1))
        first, self.read_claims = self.read_claims, len(self.claims)
        self.keys.add(enumerate(self.claims[first:], first))
        self.keys.advance(out)
        self.topic += [value for _, value in out.facts]
        self.topic += [
            watermark_record({0: self.visitors.clock}, 1),
            watermark_record({0: self.keys.clock}, 1, KEYS),
        ]
        first, self.read_facts = self.read_facts, len(self.topic)
        self.people.add(enumerate(self.topic[first:], first))
        self.people.advance(out)
        self.triggers |= {value for _, _, value in out.triggers}
        self.decisions |= {value for _, value in out.decisions}
        for rows in (out.shadow, out.outcomes, out.audiences):
            self.others |= {row[-1] for row in rows if row[-1] is not None}

    def flush(self) -> None:
        self.changelogs[0].extend(self.visitors.changes())
        self.committed = self.visitors.position
        self.visitors.committed(self.committed)
        offset = self.keys.committable
        self.changelogs[1].extend(self.keys.changes())
        self.committed_claims = offset
        self.keys.committed(offset)
        offset = self.people.committable
        self.changelogs[2].extend(self.people.changes())
        self.committed_facts = offset
        self.people.committed(offset)

    def crash(self, chance: random.Random) -> None:
        """The worker dies with a partly written checkpoint; another takes over."""
        before: tuple[Any, ...] = (self.visitors, self.keys, self.people)
        for number, stage in enumerate(before):
            self._write_some(number, stage.changes(), chance)
        self._begin()
        after: tuple[Any, ...] = (self.visitors, self.keys, self.people)
        for log, stage in zip(self.changelogs, after, strict=True):
            stage.restore(disturbed(log, chance))
            stage.restored()
        self.read = chance.randrange(self.committed + 1)
        self.read_claims = chance.randrange(self.committed_claims + 1)
        self.read_facts = chance.randrange(self.committed_facts + 1)

    def _write_some(self, stage: int, changes: Changelog, chance: random.Random) -> None:
        self.changelogs[stage].extend(changes[: chance.randrange(len(changes) + 1)])


def disturbed(log: Changelog, chance: random.Random) -> Changelog:
    """The changelog, compacted up to a random offset, with some later records repeated.

    An old owner's writes are delayed by less than the compaction lag.
    """
    closed = chance.randrange(len(log) + 1)
    last = {key: place for place, (key, _) in enumerate(log[:closed])}
    found = [log[place] for place in sorted(last.values())]
    kept = len(found)
    found += log[closed:]
    for _ in range(chance.randrange(4) if len(found) > kept else 0):
        place = chance.randrange(kept, len(found))
        found.insert(chance.randrange(place + 1, len(found) + 1), found[place])
    return found
