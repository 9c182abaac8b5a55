"""The result of a case, and the story of the first person with a fault."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults import raw
from tests.faults.verdict import Verdict


@dataclass
class Report:
    """The result of a case. `faults`: (s since the start, what) · `expected`: the invariant that a build
    broken on purpose must break."""

    case: str
    seed: int
    verdict: Verdict
    events: int
    faults: list[tuple[float, str]]
    recovery: float
    exits: list[Any]
    rss: int
    story: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    expected: str = ""

    @property
    def held(self) -> bool:
        return self.expected in self.broken if self.expected else not self.broken

    @property
    def broken(self) -> dict[str, list[str]]:
        return {name: told for name, told in self.verdict.broken.items() if told}

    def text(self) -> str:
        v = self.verdict
        lines = [
            f"case {self.case}, seed {self.seed}: {len(self.faults)} faults, {self.events} events, "
            f"{v.triggers} triggers, {v.missing} missing, {v.false} false, {v.copies} copies, "
            f"{v.divergent} divergent",
            *(f"  {at:6.1f} s  {what}" for at, what in self.faults),
            f"exits: {self.exits}",
        ]
        for name, told in self.broken.items():
            lines += [f"NOT {name} ({len(told)}):", *(f"  {each}" for each in told[:12])]
        return "\n".join([*lines, *self.story])


def story(person: str, rows: Iterable[raw.Row]) -> list[str]:
    """The records of every topic about a person and the persons that these records name, in the order of offsets."""
    words = {person.partition(":")[2].encode(), person.encode()}
    named = [
        r for r in rows if r.key in words or any(b'"%s"' % w in (r.value or b"") for w in words)
    ]
    return [
        f"  {r.topic} {r.partition}/{r.offset} t={r.time} {(r.value or b'')[:400]!r}"
        for r in named[-80:]
    ]
