"""All cases of the matrix: importing the modules registers them."""

from tests.faults import brokers, processes, rebalance
from tests.faults.cases import CASES

__all__ = ["CASES", "brokers", "processes", "rebalance"]
