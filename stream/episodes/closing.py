"""The reasons for which an episode closes with steps left. Source: docs/semantics.md, 6 and 7."""

from collections.abc import Mapping
from typing import Final

from stream.outputs.reasons import Closing

WAYS: Final[Mapping[Closing, str]] = {
    "superseded": "another kind takes its cart, or a cart takes the place of a browse episode",
    "emptied": "its cart is known empty",
    "replaced": "its visitor has another cart, or a later visit",
    "converted": "an order was placed, or nothing of it counts any more",
    "moved": "the visitor that fed it last is another person's",
    "expired": "a step comes due too long after its opening",
    "forgotten": "its person is forgotten",
    "cancelled": "the order that it is about is taken out of the record",
    "left": "its person leaves its audience",
    "erased": "its person is erased",
    "disabled": "a new document does not go on with its recipe",
}
"""When each reason applies. No other reason closes an episode."""
