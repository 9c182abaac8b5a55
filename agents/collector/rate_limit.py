"""Token buckets, one for each name: a rate in the long run, and a burst after a pause."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

SECONDS_AT_ONCE: Final = 10
"""A full bucket holds the tokens of this many seconds. Fewer: a page that sends many events at once is refused."""

NAMES: Final = 50_000
"""Buckets that are kept; the least recently used one goes. More: more memory for strangers."""


class Bucket(NamedTuple):
    tokens: float
    at: float
    """When the bucket held `tokens`, in seconds of the clock."""


class RateLimiter:
    """Limits rates. `rate`: tokens a second, 0: no limit.

    A sender with any token left may take more than it has, and then waits longer. So no batch is too large.
    """

    def __init__(
        self, rate: int, names: int = NAMES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._full = float(rate * SECONDS_AT_ONCE)
        self._names = names
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, name: str) -> float:
        """Seconds until there is a token, 0 if there is one."""
        if not self.rate:
            return 0.0
        tokens = self._tokens(name)
        return 0.0 if tokens >= 1 else (1 - tokens) / self.rate

    def charge(self, name: str, tokens: int) -> None:
        """Takes tokens, even if the bucket has fewer. A negative number gives them back."""
        if not self.rate:
            return
        self._buckets[name] = Bucket(self._tokens(name) - tokens, self._clock())
        self._buckets.move_to_end(name)
        while len(self._buckets) > self._names:
            self._buckets.popitem(last=False)

    def _tokens(self, name: str) -> float:
        bucket = self._buckets.get(name)
        if bucket is None:
            return self._full
        return min(self._full, bucket.tokens + (self._clock() - bucket.at) * self.rate)

    def __len__(self) -> int:
        return len(self._buckets)
