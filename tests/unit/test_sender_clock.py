"""The clock of a sender is never behind the brokers' time."""

import time

from agents.sender.clock import Clock

HOUR = 3_600_000


def test_the_estimate_is_never_before_a_broker_timestamp() -> None:
    clock, ahead = Clock(), int(time.time() * 1000) + HOUR
    clock.saw(ahead)
    clock.saw(ahead - HOUR)
    assert clock.now() == ahead


def test_old_records_use_this_machines_clock() -> None:
    clock, before = Clock(), int(time.time() * 1000)
    clock.saw(before - HOUR)
    assert clock.now() >= before
