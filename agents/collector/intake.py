"""What all doors of the collector share: rate limits, the producer, the rejects, and the metrics."""

import time
from collections.abc import Callable, Mapping

from agents.collector.access import Collecting
from agents.collector.denied import not_now, too_many
from agents.collector.metrics import CollectorMetrics
from agents.collector.producer import EventProducer, NotTaken
from agents.collector.rate_limit import RateLimiter
from agents.collector.rejects import Rejects
from agents.collector.tally import tally
from agents.collector.throttled_log import ThrottledLog
from agents.collector.validation import Judged, Refused

OnTaken = Callable[[str, Judged], None]


def nobody(source: str, judged: Judged) -> None:
    """A listener that does nothing."""


class Intake:
    """The intake. Run the producer's and the rejects' `run` for as long as it takes events."""

    def __init__(
        self,
        collecting: Collecting,
        carrier: EventProducer,
        rejects: Rejects,
        collected: CollectorMetrics,
        on_taken: OnTaken = nobody,
    ) -> None:
        """`on_taken`: called with every post that was taken, and its source."""
        self.collecting = collecting
        self.collected = collected
        self.throttled_log = ThrottledLog()
        self._on_taken = on_taken
        self._producer_of_events = carrier
        self._rejects = rejects
        self._addresses = RateLimiter(collecting.per_address)
        self._visitors = RateLimiter(collecting.per_visitor)

    @property
    def ready(self) -> bool:
        """Whether a broker was reached and the topic exists."""
        return self._producer_of_events.ready

    def admit(self, address: str, tokens: int = 1) -> None:
        """Takes tokens before a body is read; a large one takes more. Raises Denied."""
        self._admit(self._addresses, {address: tokens})

    async def take(self, source: str, judged: Judged, address: str | None) -> dict[str, int]:
        """Returns, once the broker has every valid event, how many there are of each type. Raises Denied.

        `address` None: the sender is trusted and has no rate limit.
        """
        visitors: dict[str, int] = {}
        if address is not None:
            if self._visitors.rate:
                visitors = tally([event.visitor for event in judged.taken])
                self._admit(self._visitors, visitors)
            self._addresses.charge(address, max(0, len(judged.taken) - 1))
        if judged.taken:
            await self._carry(judged, address, visitors)
        if judged.refused:
            self.refuse(source, judged.refused)
        types = judged.types()
        self.collected.judged(source, judged, types)
        self._on_taken(source, judged)
        return types

    def refuse(self, source: str, refused: list[Refused]) -> None:
        """Counts and logs refused events, and keeps a copy of each."""
        self._rejects.keep(source, refused)
        self.throttled_log.refused(source, refused)

    async def _carry(
        self, judged: Judged, address: str | None, visitors: Mapping[str, int]
    ) -> None:
        begun = time.perf_counter()
        try:
            await self._producer_of_events.carry(judged.taken)
        except NotTaken:
            if address is not None:
                self._addresses.charge(address, -len(judged.taken))
                for visitor, count in visitors.items():
                    self._visitors.charge(visitor, -count)
            raise not_now() from None
        finally:
            self.collected.carried(time.perf_counter() - begun)

    def _admit(self, buckets: RateLimiter, costs: Mapping[str, int]) -> None:
        """Takes the tokens of all visitors, or none. Raises Denied."""
        wait = 0.0
        for name in costs:
            wait = max(wait, buckets.wait(name))
        if wait:
            raise too_many(wait)
        for name, cost in costs.items():
            buckets.charge(name, cost)
