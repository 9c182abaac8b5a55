"""How far the workers know time, as their watermark records on `visitor.facts` say.

Pure but for a monotonic clock that is given. What such a record says is as old as the record: the broker's time
goes on between two of them, which the clock bridges.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

SAMPLES: Final = 120
EVERY_MS: Final = 5_000
"""Ten minutes of samples."""


class WatermarkProgress:
    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock`: monotonic ms."""
        self._clock = clock
        self._ahead: int | None = None
        self._last = 0
        self._sources = 0
        self._evidence: dict[int, int] = {}
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)

    def update(self, t: int, sources: int, evidence: Mapping[int, int]) -> None:
        """A watermark record that the broker stamped `t` (ms)."""
        ahead = t - self._clock()
        self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)
        self._last = max(self._last, t)
        self._sources = sources
        for partition, reached in evidence.items():
            if reached < 0:
                continue
            self._evidence[partition] = max(reached, self._evidence.get(partition, reached))

    @property
    def now(self) -> int | None:
        """The broker's time (ms), as well as can be told from here; None before any watermark record."""
        return None if self._ahead is None else self._ahead + self._clock()

    def sample(self) -> None:
        """Remembers the age of the watermark; to be called every EVERY_MS."""
        now, watermark = self.now, self._watermark()
        if now is not None and watermark is not None:
            self._samples.append((now, now - watermark))

    def _watermark(self) -> int | None:
        """The smallest evidence of all partitions, once all have told."""
        known = [self._evidence.get(each) for each in range(self._sources)]
        told = [each for each in known if each is not None]
        return min(told) if told and len(told) == len(known) else None

    def summary(self) -> Mapping[str, Any]:
        """Ages and times in ms; `partitions`: age of each, None: never told."""
        now, watermark = self.now, self._watermark()
        return {
            "silent": None if now is None else max(0, now - self._last),
            "watermark": watermark,
            "age": None if now is None or watermark is None else max(0, now - watermark),
            "partitions": [
                None if now is None or each not in self._evidence
                else max(0, now - self._evidence[each])
                for each in range(self._sources)
            ],
            "samples": [[at, max(0, age)] for at, age in self._samples],
        }  # fmt: skip
