"""Merges the outputs of several stages."""

from typing import Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs


class _Decided(Struct):
    at: int


_decided: Final = msgspec.json.Decoder(_Decided).decode


def merged(first: Outputs, *others: Outputs) -> Outputs:
    """The outputs of all stages as one, ordered by time."""
    every = (first, *others)
    triggers = [each for out in every for each in out.triggers]
    times = [at for out in every for _, at in out.moments]  # one for each, in that order
    first.triggers = [triggers[place] for place in sorted(range(len(times)), key=times.__getitem__)]
    decisions = [each for out in every for each in out.decisions]
    first.audiences = sorted(others[-1].audiences, key=lambda change: change[2])
    first.shadow = sorted((e for out in every for e in out.shadow), key=lambda each: each[2])
    first.outcomes = sorted(others[-1].outcomes, key=lambda outcome: outcome[1])
    first.erased = others[-1].erased
    first.decisions = sorted(decisions, key=lambda decision: _decided(decision[1]).at)
    for out in others:
        for count, number in out.counts.items():
            first.counts[count] += number
    return first
