"""The largest event that is read: 64 KiB, and 256 KiB for a whole cart. Source: docs/semantics.md, 2."""

import json

import pytest

from stream.events.decoding import Rejected, faults, parse

KIB = 1024


def event(size: int, type: str = "page.viewed", **body: object) -> bytes:
    """An event of `size` bytes, most of them in an unknown field."""
    document = {"id": "e", "type": type, "visitor": "v", **body, "more": ""}
    bare = len(json.dumps(document))
    return json.dumps({**document, "more": "x" * (size - bare)}).encode()


CART = {"type": "cart.updated", "cart": {"items": []}}


@pytest.mark.parametrize(("largest", "body"), [(64 * KIB, {}), (256 * KIB, CART)])
def test_an_event_of_the_largest_size_is_read_and_a_larger_one_is_not(
    largest: int, body: dict[str, object]
) -> None:
    fitting, large = event(largest, **body), event(largest + 1, **body)  # type: ignore[arg-type]
    assert (len(fitting), len(large)) == (largest, largest + 1)
    assert parse(fitting) is not None
    assert faults(fitting) == ()
    for read in (parse, faults):
        with pytest.raises(Rejected) as rejected:
            read(large)
        assert rejected.value.reason == "too_large"
