"""Shows the outcomes of some triggers on either side, in the words of `explain`.

The examples are the first of each sort and recipe by the hash of their id. So they are the same in every run, and spread
over the whole time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.compare.differences import Pair, Sort
from agents.compare.side import SentTrigger, Side
from agents.explain.decision_text import DecisionText

EACH: Final = 3
"""Examples of each sort and recipe."""

Record = dict[str, Any]


class Example(Struct):
    """An example. `before`, `after`: lines about the trigger on each side, of which the first says what became of it."""

    sort: Sort
    recipe: str
    person: str
    trigger_id: str
    before: list[str]
    after: list[str]


class _Person(Struct):
    person: str


class _Cloud(Struct):
    data: _Person


_decision: Final = msgspec.json.Decoder(_Person).decode
_cloud: Final = msgspec.json.Decoder(_Cloud).decode


def examples(found: Iterable[Pair], before: Side, after: Side, zone: tzinfo) -> list[Example]:
    """The examples of each sort and recipe. Raises OSError."""
    chosen = list(_chosen(found))
    persons = {pair.one.person for pair in chosen}
    old, new = _Story(before, persons, zone), _Story(after, persons, zone)
    return [
        Example(
            pair.sort,
            pair.one.recipe,
            pair.one.person,
            pair.one.trigger_id,
            old.lines(pair.one),
            new.lines(pair.one),
        )
        for pair in chosen
    ]


def _chosen(found: Iterable[Pair]) -> Iterator[Pair]:
    by_sort: defaultdict[tuple[Sort, str], list[Pair]] = defaultdict(list)
    for pair in found:
        if pair.sort != "same":
            by_sort[pair.sort, pair.one.recipe].append(pair)
    for _, each in sorted(by_sort.items()):
        each.sort(key=lambda pair: sha256(pair.one.trigger_id.encode()).digest())
        yield from each[:EACH]


class _Story:
    """The decisions of one side about some persons, in words."""

    def __init__(self, side: Side, persons: Collection[str], zone: tzinfo) -> None:
        self._recipes, self._zone = side.recipes, zone
        self._decisions: defaultdict[str, list[Record]] = defaultdict(list)
        self._triggers: defaultdict[str, list[Record]] = defaultdict(list)
        for line in _lines(side.folder / "decisions.jsonl"):
            if (person := _decision(line).person) in persons:
                self._decisions[person].append(msgspec.json.decode(line))
        for line in _lines(side.folder / "triggers.jsonl"):
            if (person := _cloud(line).data.person) in persons:
                self._triggers[person].append(msgspec.json.decode(line))

    def lines(self, sent: SentTrigger) -> list[str]:
        """What became of a trigger on this side, which one of the two sides sent."""
        person, trigger_id = sent.person, sent.trigger_id
        teller = DecisionText(
            self._decisions[person], self._triggers[person], (), self._recipes, self._zone
        )
        mine = [each for each in teller.decisions if each["trigger_id"] == trigger_id]
        if not mine:
            return [self._absent(sent)]
        lines: list[str] = []
        for decision in mine:
            text, details = teller.decision(decision)
            lines += [f"{teller.clock(decision['at'])}: {text}", *details]
        for cancel in teller.cancels:
            if cancel["trigger_id"] == trigger_id:
                lines.append(f"{teller.clock(cancel['at'])}: {teller.cancel(cancel)}")
        return lines

    def _absent(self, sent: SentTrigger) -> str:
        """Why nothing was decided of a trigger."""
        recipe = self._recipes.by_name.get(sent.recipe)
        if sent.recipe not in self._recipes.names:
            return f"There is no recipe {sent.recipe}."
        if recipe is None:
            return f"{sent.recipe} is disabled."
        if sent.step > len(recipe.steps):
            return f"{sent.recipe} has no step {sent.step}."
        return "It did not come due."


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from lines
