"""Valid triggers of a removed recipe are cancelled, too. Source: docs/semantics-life.md, 12."""

import json
from typing import Any

from stream import backtest, recipes_file

T = 1_767_607_200_000
HOUR = 3_600_000
DAY = 24 * HOUR
COFFEE = {"product_id": "bean", "price": 10}
THANKS = {"name": "thanks", "kind": "post-purchase", "steps": ["1h"], "valid_for": "5d"}
AGAIN = {"name": "again", "kind": "replenishment", "life": {"*": "5d"}, "lead": "1d"}


def order(at: int, id: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    placed = {"id": id, "items": list(items), **more}
    return {"t": T + at, "type": "order.placed", "order": placed}


def cancels(recipe: dict[str, Any], gone: int, *events: dict[str, Any]) -> list[tuple[str, str]]:
    """(reason, order) of the cancels. A second document without life recipes is in force from T + `gone` ms."""
    documents = [{"recipes": [recipe]}, {"recipes": [], "from": T + gone}]
    rules = recipes_file.load_history(json.dumps({"history": documents}))
    lines = [
        json.dumps({"id": f"e{n}", "visitor": "v", "customer": "anna", **event}).encode()
        for n, event in enumerate(events)
    ]
    found = [json.loads(value) for out in backtest.run(lines, rules) for *_, value in out.triggers]
    data = [each["data"] for each in found if each["type"].endswith("cancelled.v1")]
    return [(each["reason"], each["order_id"]) for each in data]


def test_a_later_order_cancels_what_a_finished_replenishment_sent() -> None:
    """The smallest failing log of a comparison with the reference."""
    events = order(0, "o1", COFFEE), order(5 * DAY, "o2", COFFEE, recurring=True)
    assert cancels(AGAIN, 5 * DAY - HOUR, *events) == [("ordered", "o2")]


def test_a_cancelled_order_cancels_triggers_of_a_removed_thanks_recipe() -> None:
    gone = {"t": T + DAY, "type": "order.cancelled", "order": {"id": "o1"}}
    assert cancels(THANKS, 2 * HOUR, order(0, "o1", COFFEE), gone) == [("cancelled", "o1")]


def test_an_ended_trigger_is_not_cancelled() -> None:
    gone = {"t": T + 7 * DAY, "type": "order.cancelled", "order": {"id": "o1"}}
    assert cancels(THANKS, 2 * HOUR, order(0, "o1", COFFEE), gone) == []
