"""A person that the last of its visitors has left opens nothing. Source: docs/semantics-life.md."""

from typing import Any

import pytest

from stream.state.whole_order import WholeOrder
from tests.people_driver import ANNA, PeopleDriver

THANKS = {"policy": {"caps": []}, "recipes": [{"name": "post-purchase", "steps": ["1h"]}]}
OWN: dict[str, Any] = {"visitor": "tablet"}
BY_A_KEY: dict[str, Any] = {"visitor": "~~email:a@b.example"}


def driver(*orders: dict[str, Any]) -> PeopleDriver:
    """Anna, whom her only visitor left, and these orders."""
    made = PeopleDriver(THANKS).active().moved()
    for number, fields in enumerate(orders):
        whole = WholeOrder(whose=ANNA, withheld=fields.get("withheld", False))
        made.order(f"o{number}", whole=whole, visitor=fields["visitor"])
    return made


@pytest.mark.parametrize(
    ("orders", "thanked"),
    [
        ([OWN], ["o0"]),
        ([BY_A_KEY], []),
        ([BY_A_KEY, BY_A_KEY], []),
        ([BY_A_KEY, OWN], ["o1"]),
        ([OWN | {"withheld": True}], []),
        ([OWN | {"withheld": True}, BY_A_KEY], []),
        ([OWN | {"withheld": True}, OWN], ["o1"]),
    ],
)
def test_it_opens_something_again_from_a_fact_that_no_key_forwarded(
    orders: list[dict[str, Any]], thanked: list[str]
) -> None:
    made = driver(*orders).wait(2 * 3_600_000)
    assert [each["order"]["id"] for each in made.fired] == thanked
