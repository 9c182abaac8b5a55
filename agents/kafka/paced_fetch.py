"""Fetches that wait for company: what a fetch costs is then paid for all records that came meanwhile.

aiokafka fetches anew as soon as its records are taken, and the broker answers as soon as there is one record:
at 100 events a second most fetches would bring one. Here the next fetch begins a moment after the last one brought
something. Whatever comes after a silence is still brought at once.
"""

import asyncio
import time
from typing import Any, Final

from aiokafka.consumer.fetcher import FetchResult

PLENTY: Final = 256 * 1024
"""Bytes of a fetch that needs no company. Fewer: a fetch of many small batches is not waited for, and costs more;
more: a backlog is read with pauses."""

IDLE_S: Final = 1.0
"""From look to look of aiokafka at what it fetches, though nothing has come. Shorter: CPU for nothing; longer: a
partition that was not fetched for want of a leader waits."""


def pace(fetcher: Any, pause_s: float) -> None:
    """From now on `fetcher` begins a fetch of a broker `pause_s` after the last one of it that brought records."""
    fetch, ready = fetcher._proc_fetch_request, dict[int, float]()

    async def paced(assignment: Any, node: int, request: Any) -> bool:
        """Whether records have come. A fetch that is no longer wanted is none."""
        try:
            await asyncio.sleep(ready.pop(node, 0.0) - time.monotonic())
        except asyncio.CancelledError:
            return False
        found: bool = await fetch(assignment, node, request)
        if found and _size(fetcher) < PLENTY:
            ready[node] = time.monotonic() + pause_s
        return found

    fetcher._proc_fetch_request = paced
    fetcher._fetcher_timeout = IDLE_S


def _size(fetcher: Any) -> int:
    """Bytes of the records that wait to be taken."""
    return sum(
        result._partition_records._records.size_in_bytes()
        for result in fetcher._records.values()
        if isinstance(result, FetchResult)
    )
