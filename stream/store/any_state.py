"""The attributes of a state that `Keyed` needs."""

from typing import Protocol


class State(Protocol):
    """A state.

    `applied`: the last input that it contains · `armed`: its deadline (ms), or NEVER · `version`: grows with
    each packing, and is at least the time (ms) of the last deadline that fired. So the state of the worker
    that is further ahead wins, however often each has packed.
    """

    applied: int
    version: int
    armed: int
