"""Section 3: a visitor's checkout."""

from dataclasses import dataclass

from tests.reference.times import DAY

_STAGES = ["started", "contact", "shipping", "payment"]


@dataclass
class Checkout:
    """A checkout. `emptied`: a cart event emptied the cart while it was open."""

    started_at: int
    stage: str = "started"
    failed: bool = False
    emptied: bool = False

    def is_open(self, time: int) -> bool:
        """Whether it is open; it closes after 7d."""
        return time - self.started_at < 7 * DAY

    def happens(self, kind: str, stage: str) -> None:
        """Applies a checkout.* event or a failed payment."""
        self.failed = kind == "payment.failed"
        reached = {"payment.failed": "payment", "checkout.advanced": stage}.get(kind, "started")
        self.stage = max(self.stage, reached, key=_STAGES.index)

    def closes_when_idle(self, cart_is_empty: bool, last_order: int | None) -> bool:
        """Whether it closes at an idle fact, before the summary."""
        soon = last_order is not None and self.started_at - last_order < DAY
        return cart_is_empty and (self.emptied or (soon and not self.failed))
