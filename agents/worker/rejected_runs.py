"""Counts how many records in a row were rejected. A long run shows a client that sends only invalid events."""

from prometheus_client import Gauge

from stream.outputs.outputs import Outputs


class RejectedRuns:
    """The number of rejected records since the last accepted one, by partition."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._unbroken = set[str]()

    def add(self, out: Outputs, partition: str, position: int) -> None:
        """Adds the outcomes of a batch that ends before `position`."""
        if not out.rejected and partition in self._unbroken:
            return
        outcomes = {count[1] for count in out.counts if count[0] == "events"}
        if not outcomes:
            return
        run = len(out.rejected)
        if outcomes - {"rejected"}:
            faults = reversed(out.rejected)
            ends = zip(faults, range(position - 1, -1, -1), strict=False)
            run = next((n for n, (fault, end) in enumerate(ends) if fault[0] != end), run)
            self._gauge.labels(partition).set(run)
        else:
            self._gauge.labels(partition).inc(run)
        (self._unbroken.discard if run else self._unbroken.add)(partition)

    def forget(self, partition: str) -> None:
        """Forgets a partition that another worker owns now."""
        self._unbroken.discard(partition)
