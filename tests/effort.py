"""How much generated input the tests try: a part of it in `make test`, all of it with EFFORT=whole (`make slow`).

Every run of a property draws other examples, so a fault that few examples show is found some runs later.
"""

import os

WHOLE = os.environ.get("EFFORT") == "whole"


def of(whole: int) -> int:
    """The examples to try of `whole`: two in five, or all."""
    return whole if WHOLE else -(-whole * 2 // 5)
