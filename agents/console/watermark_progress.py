"""How far the workers' watermark is, by their watermark records on `visitor.facts`.

Pure, but for a monotonic clock that the caller gives. Between two records the broker's time goes on; the
clock bridges that.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

SAMPLES: Final = 120
EVERY_MS: Final = 5_000
"""Ms between samples; SAMPLES of them are ten minutes."""


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
        """Takes a watermark record of the broker's time `t` (ms)."""
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
        """The broker's time (ms), estimated. None before the first watermark record."""
        return None if self._ahead is None else self._ahead + self._clock()

    def sample(self) -> None:
        """Remembers the age of the watermark. Call it every EVERY_MS."""
        now, watermark = self.now, self._watermark()
        if now is not None and watermark is not None:
            self._samples.append((now, now - watermark))

    def _watermark(self) -> int | None:
        """The smallest evidence (ms) of all partitions. None until every partition has sent some."""
        latest = [self._evidence.get(each) for each in range(self._sources)]
        known = [each for each in latest if each is not None]
        return min(known) if known and len(known) == len(latest) else None

    def summary(self) -> Mapping[str, Any]:
        """Ages and times in ms. `partitions`: the age of each one's evidence, None: it never sent any."""
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
