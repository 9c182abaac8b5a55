"""The age of the workers' watermark, from their watermark records on `visitor.facts`.

Pure, except for a monotonic clock that the caller passes in. Between two records that clock extrapolates the
broker's time.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

SAMPLES: Final = 120
EVERY_MS: Final = 5_000
"""Ms between samples; SAMPLES of them are ten minutes."""


class WatermarkProgress:
    """The evidence of each partition, and samples of the watermark's age. `clock`: returns monotonic ms."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._clock_offset: int | None = None
        self._last = 0
        self._sources = 0
        self._evidence: dict[int, int] = {}
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)

    def update(self, t: int, sources: int, evidence: Mapping[int, int]) -> None:
        """Adds a watermark record with the broker's time `t` (ms). `evidence`: ms by partition."""
        offset = t - self._clock()
        self._clock_offset = (
            offset if self._clock_offset is None else max(self._clock_offset, offset)
        )
        self._last = max(self._last, t)
        self._sources = sources
        for partition, reached in evidence.items():
            if reached < 0:
                continue
            self._evidence[partition] = max(reached, self._evidence.get(partition, reached))

    @property
    def now(self) -> int | None:
        """The broker's time (ms), estimated. None before the first watermark record."""
        return None if self._clock_offset is None else self._clock_offset + self._clock()

    def sample(self) -> None:
        """Adds a sample of the watermark's age. The caller calls it every EVERY_MS."""
        now, watermark = self.now, self._watermark()
        if now is not None and watermark is not None:
            self._samples.append((now, now - watermark))

    def _watermark(self) -> int | None:
        """The smallest evidence (ms) of all partitions. None until each has sent some."""
        latest = [self._evidence.get(each) for each in range(self._sources)]
        known = [each for each in latest if each is not None]
        return min(known) if known and len(known) == len(latest) else None

    def summary(self) -> Mapping[str, Any]:
        """The figures for the page, times and ages in ms. `partitions`: age of each one's evidence, None without any."""
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
