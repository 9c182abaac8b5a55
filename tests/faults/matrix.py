"""All cases of the matrix: importing the modules registers them."""

from tests.faults import (
    brokers,
    clocks,
    controls,
    data,
    guarded,
    limits,
    network,
    processes,
    rebalance,
    replicas,
    skewed,
    tampering,
    transactions,
    views,
)
from tests.faults.cases import CASES

__all__ = [
    "CASES",
    "brokers",
    "clocks",
    "controls",
    "data",
    "guarded",
    "limits",
    "network",
    "processes",
    "rebalance",
    "replicas",
    "skewed",
    "tampering",
    "transactions",
    "views",
]
