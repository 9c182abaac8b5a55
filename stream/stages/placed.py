"""The place of a fact or a claim among all that one state receives. Source: docs/semantics.md, 1."""

from typing import Protocol

from stream.store.any_state import State


class Sequenced(Protocol):
    """A fact or a claim. Its place among all that one state receives is (at, visitor, n)."""

    at: int
    visitor: str
    n: int


class Placed(State, Protocol):
    """A state. Its last fact or claim had the place (applied, last_visitor, last_n)."""

    id: str
    last_visitor: str
    last_n: int

    def deadline(self) -> int:
        """The next time (ms) at which something of this state fires."""
