"""The ways an episode closes are one table."""

from typing import get_args

from stream.episodes.closing import WAYS
from stream.episodes.guards import GUARDS
from stream.outputs.reasons import Closing, Guarded


def test_the_table_holds_every_reason_that_closes() -> None:
    assert set(WAYS) == set(get_args(Closing))


def test_every_guard_is_a_reason() -> None:
    assert tuple(name for name, _ in GUARDS) == get_args(Guarded)
