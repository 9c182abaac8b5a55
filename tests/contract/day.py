"""All outputs of the core over a simulated day."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from agents.simulator import traffic
from agents.simulator.faults import NONE
from stream import backtest, recipes_file
from stream.outputs.outputs import Outputs
from stream.stages.visitors import Visitors

RECIPES = """
policy:
  quiet: {from: "22:00", to: "07:00"}
  zone: Europe/Rome
recipes:
  - name: exit-intent
  - name: payment-failed
  - name: checkout-abandonment
    reach: any
    arms: {short: 50, long: 25}
  - name: cart-abandonment
    reach: any
    holdout: 10
    offers:
      - {offer: percent-10, when: {cart_value: {min: 50}}}
  - name: browse-abandonment
    reach: any
"""
START = 1_767_571_200_000
DAY = 86_400_000


@dataclass
class Said:
    facts: list[bytes] = field(default_factory=list)
    triggers: list[bytes] = field(default_factory=list)
    decisions: list[bytes] = field(default_factory=list)


def lines() -> Iterator[bytes]:
    for t, event in traffic.day(7, 400, START, DAY, NONE):
        assert isinstance(event, dict)
        yield msgspec.json.encode({"t": t, **event})


def whole_day() -> Said:
    result, rules, emitted = Said(), recipes_file.load(RECIPES), Outputs()
    Visitors(rules).process(backtest.records(lines()), emitted, backtest.event)
    result.facts = [value for _, value in emitted.facts]
    for out in backtest.run(lines(), rules):
        result.triggers += [value for _, _, value in out.triggers]
        result.decisions += [value for _, value in out.decisions]
    return result
