"""stream/outputs/audience_changes.py: the JSON that it puts together is that of its typed form."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stream.outputs.audience_changes import ENTERED, LEFT, ChangeEvent, publish
from stream.outputs.outputs import Outputs
from stream.recipes.ids import short_hash

OWNERS = st.sampled_from(("customer:", "visitor:", "email:", "phone:"))


@given(
    st.sampled_from((ENTERED, LEFT)),
    st.lists(st.text(), max_size=3),
    OWNERS,
    st.text(),
    st.integers(0, 1 << 52),
    st.integers(1, 1 << 40),
)
def test_record_of_a_change_is_that_of_its_typed_form(
    kind: str, audiences: list[str], owner: str, name: str, at: int, first: int
) -> None:
    out = Outputs()
    publish(kind, audiences, owner + name, at, first, out)
    assert [audience for audience, *_ in out.audiences] == audiences
    for number, (audience, person, time, entered, value) in enumerate(out.audiences, first):
        assert value is not None
        read = msgspec.json.decode(value, type=ChangeEvent)
        assert msgspec.json.encode(read) == value
        assert read.id == short_hash(f"{audience}|{owner}{name}|{at}|{number}")
        assert (read.type, read.data.audience, read.data.at) == (kind, audience, at)
        assert read.subject == read.data.person == person == owner + name
        assert read.data.customer == (name if owner == "customer:" else None)
        assert read.source == f"/audiences/{audience}"
        assert (time, entered) == (at, kind == ENTERED)
    assert sum(out.counts.values()) == len(audiences)
