"""What every way into the collector shares: who may send how much, the way to Kafka, and the figures."""

from collections import Counter
from collections.abc import Callable, Mapping

from agents.collector.access import Collecting
from agents.collector.denied import not_now, too_many
from agents.collector.metrics import CollectorMetrics
from agents.collector.producer import EventProducer, NotTaken
from agents.collector.rate_limit import RateLimiter
from agents.collector.rejects import Rejects
from agents.collector.throttled_log import ThrottledLog
from agents.collector.validation import Judged, Refused

Told = Callable[[str, Judged], None]


def nobody(source: str, judged: Judged) -> None:
    """Hears of a post, and tells nobody."""


class Intake:
    """`run` of the carrier and of the rejects are to run for as long as it takes events."""

    def __init__(
        self,
        collecting: Collecting,
        carrier: EventProducer,
        rejects: Rejects,
        collected: CollectorMetrics,
        told: Told = nobody,
    ) -> None:
        """`told`: hears of every post that was taken, by its source."""
        self.collecting = collecting
        self.collected = collected
        self.throttled_log = ThrottledLog()
        self._hears = told
        self._producer_of_events = carrier
        self._rejects = rejects
        self._addresses = RateLimiter(collecting.per_address)
        self._visitors = RateLimiter(collecting.per_visitor)

    @property
    def ready(self) -> bool:
        """Whether a broker has been reached and the topic is there."""
        return self._producer_of_events.ready

    def admit(self, address: str, tokens: int = 1) -> None:
        """Before a body is looked into; a large one takes more tokens. Raises Denied."""
        self._admit(self._addresses, {address: tokens})

    async def take(self, source: str, judged: Judged, address: str | None) -> None:
        """Returns once the broker has all that is right. Raises Denied.

        `address` None: the sender is trusted, and nothing bounds it.
        """
        visitors = Counter(event.visitor for event in judged.taken)
        if address is not None:
            self._admit(self._visitors, visitors)
            self._addresses.charge(address, max(0, len(judged.taken) - 1))
        if judged.taken:
            await self._carry(judged, address, visitors)
        self.refuse(source, judged.refused)
        self.collected.judged(source, judged)
        self._hears(source, judged)

    def refuse(self, source: str, refused: list[Refused]) -> None:
        """Tells of events that were refused, and keeps a copy of each."""
        self._rejects.keep(source, refused)
        self.throttled_log.refused(source, refused)

    async def _carry(self, judged: Judged, address: str | None, visitors: Counter[str]) -> None:
        try:
            with self.collected.carrying():
                await self._producer_of_events.carry(judged.taken)
        except NotTaken:
            if address is not None:
                self._addresses.charge(address, -len(judged.taken))
                for visitor, count in visitors.items():
                    self._visitors.charge(visitor, -count)
            raise not_now() from None

    def _admit(self, buckets: RateLimiter, costs: Mapping[str, int]) -> None:
        """Takes the tokens of all, or of none. Raises Denied."""
        wait = max((buckets.wait(name) for name in costs), default=0.0)
        if wait:
            raise too_many(wait)
        for name, cost in costs.items():
            buckets.charge(name, cost)
