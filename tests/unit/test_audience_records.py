"""stream/outputs/audience_changes.py: the JSON that it puts together is that of its typed form."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stream.outputs.audience_changes import ENTERED, LEFT, ChangeEvent, publish
from stream.outputs.outputs import Outputs

OWNERS = st.sampled_from(("customer:", "visitor:", "email:", "phone:"))


@given(st.sampled_from((ENTERED, LEFT)), st.text(), OWNERS, st.text(), st.integers(0, 1 << 52))
def test_record_of_a_change_is_that_of_its_typed_form(
    kind: str, audience: str, owner: str, name: str, at: int
) -> None:
    out = Outputs()
    publish(kind, audience, owner + name, at, 1, out)
    [(_, person, _, entered, value)] = out.audiences
    assert value is not None
    read = msgspec.json.decode(value, type=ChangeEvent)
    assert msgspec.json.encode(read) == value
    assert (read.type, read.data.audience, read.data.at) == (kind, audience, at)
    assert read.subject == read.data.person == person == owner + name
    assert read.data.customer == (name if owner == "customer:" else None)
    assert read.source == f"/audiences/{audience}"
    assert entered is (kind == ENTERED)
