"""Builds broken on purpose in the additions of version 2 of the rules: keys of identity, and logouts."""

# ruff: noqa: PLC0415 - what is imported before patches.hasty has its say keeps the long minutes

import asyncio
import os
from typing import Any

LAG_S = 1.5
"""Seconds by which some partitions are behind: longer than a watermark record takes through all stages."""


def lagging_partitions() -> None:
    """No fault: all partitions of the input except the first are processed late."""
    from agents.worker.visitors import VisitorsProcessor

    take = VisitorsProcessor.take

    async def late(self: VisitorsProcessor, batches: Any) -> None:
        if self.source.partition:
            await asyncio.sleep(LAG_S)
        await take(self, batches)

    VisitorsProcessor.take = late  # type: ignore[assignment, method-assign]


def no_round_of_keys() -> None:
    """No fault: the keys stage announces its time when it has decided, and otherwise every ten minutes."""
    from agents.worker import watermarks

    watermarks.IDLE_ROUND_S = 600.0  # type: ignore[misc]
    watermarks.IDLE_AFTER_S = 600.0  # type: ignore[misc]


def keys_do_not_wait_for_all_sources() -> None:
    """The keys stage follows the partition that is furthest ahead. Claims of the others come too late."""
    from stream.stages.keys import Keys
    from stream.stages.watermark import VISITORS, Watermark
    from stream.state.facts import WatermarkRecord

    class Furthest(Watermark):
        def move(self, mark: WatermarkRecord) -> None:
            super().move(mark)
            if mark.stage == VISITORS:
                self.value = max(self.value, *mark.evidence.values())

    make = Keys.__init__

    def made(self: Keys, sources: int) -> None:
        make(self, sources)
        self._watermark = Furthest(sources)

    Keys.__init__ = made  # type: ignore[assignment, method-assign]


def people_do_not_wait_for_keys() -> None:
    """The people stage follows the visitors' evidence only. Facts of the keys stage come too late."""
    from stream.stages.people import People

    make = People.__init__

    def made(self: People, recipes: Any, inputs: int, keys: int = 0, **more: Any) -> None:
        make(self, recipes, inputs, **more)

    People.__init__ = made  # type: ignore[assignment, method-assign]


def null_ignored() -> None:
    """`customer: null` is left out like any other null, so the previous customer stays."""
    from msgspec import UNSET

    from stream.stages.visitors import Visitors

    os.environ["TRIGGERS_COMPILED"] = "no"  # what is compiled cannot be changed here
    handle = Visitors._handle

    def handled(self: Visitors, offset: int, t: int, event: Any, *more: Any) -> str:
        if event.customer is None:
            event.customer = UNSET
        return handle(self, offset, t, event, *more)

    Visitors._handle = handled  # type: ignore[assignment, method-assign]
