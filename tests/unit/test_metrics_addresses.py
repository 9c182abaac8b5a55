"""The programs of one machine serve their metrics at addresses of their own."""

from agents.commands import bridge, collector, sender, view
from agents.config import settings
from agents.eraser import eraser


def test_no_two_programs_have_the_same_address_unless_told_so() -> None:
    programs = (settings, bridge, collector, sender, view, eraser)
    assert len({each.METRICS for each in programs}) == len(programs)
