"""Iterates over all states of a partition, without keeping packed ones decoded."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from stream.store.any_state import State
from stream.store.changelog import HEADER
from stream.store.keyed import Keyed

S = TypeVar("S", bound=State)


class EveryState(Generic[S]):
    """All states at its creation. Until the iteration is done, nothing else may add or forget a key."""

    def __init__(
        self,
        states: Keyed[S],
        encode: Callable[[S], bytes],
        decode: Callable[[memoryview], S],
        time: int,
    ) -> None:
        """`time`: the time (ms) of the iteration, for deadlines that fire."""
        self._states = states
        self._encode = encode
        self._decode = decode
        self._time = time
        live, older, packed, _ = states.held
        whole = [key for key, value in packed.items() if len(value) > HEADER.size]
        self._keys = list(dict.fromkeys([*whole, *older, *live]))

    def __bool__(self) -> bool:
        """Whether states are left to visit."""
        return bool(self._keys)

    def some(self, most: int) -> Iterator[tuple[str, S]]:
        """The next `most` states. A state that the caller changes is kept decoded, and written at the next changes."""
        live, older, packed, dirty = self._states.held
        for _ in range(min(most, len(self._keys))):
            key = self._keys.pop()
            state = live.get(key) or older.get(key)
            value = None if state is not None else packed[key]
            if value is not None:
                state = self._decode(memoryview(value)[HEADER.size :])
                state.armed = HEADER.unpack_from(value)[2]
            assert state is not None, "a key has a state"
            yield key, state
            if value is None or self._encode(state) != value[HEADER.size :]:
                older.pop(key, None)
                state.version = max(state.version, self._time)
                live[key] = dirty[key] = state
