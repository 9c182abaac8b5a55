"""A state without its last field is packed as before that field existed."""

import msgspec
import pytest

from stream.state.cart import Cart
from stream.state.in_time import PersonInTime, VisitorInTime
from stream.state.person import Person
from stream.state.visitor import Visitor
from stream.store.last_field import packer

STATES = (Person("p"), Visitor("v", Cart("v")))


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_an_empty_last_field_adds_no_byte(state: msgspec.Struct) -> None:
    fields = msgspec.structs.astuple(state)
    packed = packer(type(state))(state)
    assert packed == msgspec.msgpack.encode(fields[:-1])
    assert msgspec.msgpack.decode(packed, type=type(state)) == state


def test_an_existing_last_field_is_read_back() -> None:
    person = Person("p", in_time=PersonInTime(looked=7))
    visitor = Visitor("v", Cart("v"), in_time=VisitorInTime(offered={"~x": 1}))
    for state in (person, visitor):
        packed = packer(type(state))(state)
        assert msgspec.msgpack.decode(packed, type=type(state)) == state
