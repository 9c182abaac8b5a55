"""The brokers' clock advances a quiet partition."""

from agents.worker.watermark_handshake import WatermarkHandshake


def test_a_position_at_the_end_advances_at_once() -> None:
    handshake = WatermarkHandshake()
    assert handshake.confirm_end(end=5, time=1000, position=5) == 1000
    assert handshake.idle_watermark == 1000


def test_a_position_before_the_end_waits() -> None:
    handshake = WatermarkHandshake()
    assert handshake.confirm_end(end=5, time=1000, position=4) is None
    assert handshake.idle_watermark == -1


def test_a_waiting_promise_is_kept_when_the_position_reaches_its_end() -> None:
    handshake = WatermarkHandshake()
    handshake.confirm_end(end=5, time=1000, position=3)
    assert (handshake.passed(4), handshake.passed(5)) == (None, 1000)
    assert handshake.passed(6) is None, "it was kept already"


def test_the_first_pair_stays_pending_and_later_ones_are_dropped() -> None:
    """Under load the end moves with every round, so the latest pair would never be reached."""
    handshake = WatermarkHandshake()
    handshake.confirm_end(end=5, time=1000, position=3)
    handshake.confirm_end(end=9, time=2000, position=4)
    assert handshake.passed(5) == 1000


def test_a_pair_that_is_reached_at_once_ends_the_pending_one() -> None:
    handshake = WatermarkHandshake()
    handshake.confirm_end(end=5, time=1000, position=3)
    assert handshake.confirm_end(end=4, time=2000, position=4) == 2000
    assert handshake.passed(5) is None


def test_the_idle_watermark_never_moves_back() -> None:
    handshake = WatermarkHandshake()
    handshake.confirm_end(end=5, time=2000, position=5)
    handshake.confirm_end(end=5, time=1000, position=5)
    assert handshake.idle_watermark == 2000


def test_nothing_is_pending_before_the_first_round() -> None:
    assert WatermarkHandshake().passed(100) is None
