"""Changelogs as releases wrote them, each with its input before and after: every release must read them.

`format-F.N.json` is the Nth file of format F. Its fields: `release`, `recipes`; `lines` of the input, of which
the first `read` were folded when the changelogs were written; `visitors`, `keys` and `people`, the records of the
changelogs after compaction, as (key, base64 of the value or null), the partition's own record (the empty
key) among them; `facts` that the people stage had not committed, from the offset `committed` on; `claims` likewise
of the keys stage, from `committed_claims` on. Files of format 1 have no keys and no claims.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from stream.recipes.history import History
from tests import checked
from tests.properties.service import Changelog, Service

HOME = Path(__file__).parent
CHECKPOINTS = 20
"""Checkpoints of the service while it processes the first part of a log."""

Packed = list[tuple[str, str | None]]


def files() -> list[Path]:
    """The golden files, oldest first."""
    return sorted(
        HOME.glob("format-*.json"), key=lambda file: [*map(int, file.stem[7:].split("."))]
    )


@dataclass
class Golden:
    release: str
    recipes: dict[str, Any]
    lines: list[str]
    read: int
    visitors: Packed
    people: Packed
    facts: list[str]
    committed: int
    keys: Packed = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    committed_claims: int = 0

    @classmethod
    def of(cls, file: Path) -> Self:
        return cls(**json.loads(file.read_text()))

    @classmethod
    def made(cls, release: str, recipes: dict[str, Any], lines: list[str], read: int) -> Self:
        """A file written by today's code."""
        found = cls(release, recipes, lines, read, [], [], [], 0)
        service = found.fresh()
        while service.read < read:
            service.take(min(-(-read // CHECKPOINTS), read - service.read))
            service.flush()
        found.visitors, found.keys, found.people = map(_compacted, service.changelogs)
        found.committed = service.committed_facts
        found.facts = [value.decode() for value in service.topic[found.committed :]]
        found.committed_claims = service.committed_claims
        found.claims = [value.decode() for value in service.claims[found.committed_claims :]]
        return found

    def text(self) -> str:
        """The file's JSON with one value a line, for readable diffs."""
        return json.dumps(asdict(self), indent=0) + "\n"

    @property
    def rules(self) -> History:
        return checked.history(self.recipes)

    def fresh(self) -> Service:
        return Service(self.rules, [line.encode() for line in self.lines])

    def restored(self) -> Service:
        """A service restored from the changelogs, with the input that they do not include."""
        service = self.fresh()
        for stage, records in (
            (service.visitors, self.visitors),
            (service.keys, self.keys),
            (service.people, self.people),
        ):
            stage.restore(unpacked(records))
            stage.restored()
        service.read = service.committed = service.visitors.position
        service.read_facts = service.committed_facts = self.committed
        service.topic = [b""] * self.committed + [value.encode() for value in self.facts]
        service.read_claims = self.committed_claims
        service.claims = [b""] * self.committed_claims + [v.encode() for v in self.claims]
        return service


def unpacked(records: Packed) -> Changelog:
    return [
        (key.encode(), None if value is None else base64.b64decode(value)) for key, value in records
    ]


def _compacted(log: Sequence[tuple[bytes, bytes | None]]) -> Packed:
    last = {key: place for place, (key, _) in enumerate(log)}
    found = [log[place] for place in sorted(last.values())]
    return [
        (key.decode(), None if value is None else base64.b64encode(value).decode())
        for key, value in found
    ]
