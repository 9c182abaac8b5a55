"""The command explain for a customer who drifts away: why she is in an audience, since when, until when, and pending steps.

By deploy/recipes.yaml, on the files of a backtest.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main

DAY = 86_400_000
T = 1_767_607_200_000
"""Mon 5 Jan 2026 10:00 UTC, 11:00 in Rome."""
RECIPES = Path(__file__).parents[2] / "deploy" / "recipes.yaml"
COFFEE = {"product_id": "bean", "name": "House blend", "category": "coffee", "price": 20}


def event(day: float, type: str, visitor: str = "v1", **body: Any) -> dict[str, Any]:
    t = T + round(day * DAY)
    return {"t": t, "id": f"{type}-{day}", "type": type, "visitor": visitor, **body}


def order(day: float, id: str, *items: dict[str, Any]) -> dict[str, Any]:
    placed = {"id": id, "value": 40, "currency": "EUR", "items": list(items)}
    return event(day, "order.placed", customer="anna", order=placed)


def anna(until: float, *more: dict[str, Any]) -> list[dict[str, Any]]:
    """Two orders a week apart, then nothing. Another visitor's event advances time to that day."""
    login = event(0, "visitor.identified", customer="anna", contacts=["email"])
    events = [login, order(0.01, "o1", COFFEE), order(7, "o2"), *more]
    passing = event(until - 8, "page.viewed", visitor="other")
    return sorted([*events, passing], key=lambda each: int(each["t"]))


@pytest.fixture
def explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.setenv("TRIGGERS_RECIPES", str(RECIPES))

    def tell(events: list[dict[str, Any]], name: str = "customer:anna") -> str:
        file = tmp_path / "events.jsonl"
        file.write_text("".join(f"{json.dumps(each)}\n" for each in events))
        recipes = ["--recipes", str(RECIPES), "--out", str(tmp_path)]
        assert main(["backtest", str(file), *recipes]) == 0
        capsys.readouterr()
        assert main(["explain", name, "--from", str(tmp_path), "--events", str(file)]) == 0
        return capsys.readouterr().out

    return tell


def test_why_she_is_in_at_risk_since_when_and_when_she_leaves_by_herself(explained: Any) -> None:
    story = explained(anna(70))
    assert "→ entered the audience at-risk-regulars" in story
    assert "Its members: 2 to 3 orders, the last order 60 to 120 days ago." in story
    assert "belongs to at-risk-regulars, since Fri 13 Mar 2026 11:00" in story
    why = "Because of: 2 orders (wanted: 2 to 3 orders); ordered last on Mon 12 Jan 2026 11:00"
    assert why in story
    assert (
        "Leaves it by itself on Tue 12 May 2026 12:00: no more “the last order 60 to 120 days ago”."
        in story
    )
    assert "enters lapsed, by itself on Sat 11 Jul 2026 12:00" in story
    assert "is forgotten on " in story


def test_the_message_of_an_audience_comes_behind_the_entering_and_says_why(explained: Any) -> None:
    story = explained(anna(70))
    assert story.index("entered the audience at-risk-regulars") < story.index("✓ win-back")
    because = "Because they belong to the audience at-risk-regulars, and nothing held it back."
    assert because in story


def test_an_order_is_given_as_the_reason_for_leaving(explained: Any) -> None:
    story = explained(anna(80, order(68, "o3")))
    assert "← left the audience at-risk-regulars" in story
    assert "belongs to at-risk-regulars" not in story
    assert "belongs to recent, since Sat 14 Mar 2026 11:00" in story


def test_each_step_of_a_life_says_what_it_waits_for(explained: Any) -> None:
    story = explained(anna(12))
    assert (
        "post-purchase 2 of 2 waits for Mon 26 Jan 2026 11:00, 14 days after the order o2" in story
    )
    assert "replenishment 1 of 2 waits for" in story
    assert "House blend of the order o1 must be nearly used up by then" in story
    assert "About House blend, open since Mon 5 Jan 2026 11:14." in story


def test_a_step_that_waits_for_a_delivery_says_until_when(
    explained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = tmp_path / "recipes.yaml"
    recipes.write_text("recipes: [{name: thanks, kind: post-purchase, from: delivered}]")
    monkeypatch.setattr(f"{__name__}.RECIPES", recipes)
    monkeypatch.setenv("TRIGGERS_RECIPES", str(recipes))
    story = explained(anna(12))
    assert (
        "thanks 1 of 2 waits for the delivery of the order o2, until Fri 13 Mar 2026 10:00 at most"
        in story
    )


def test_a_message_about_an_order_shows_it(explained: Any) -> None:
    story = explained(anna(9))
    assert "✓ post-purchase 1 of 2 was sent by email" in story
    assert "Order o1: 1 × House blend, 40.00 EUR." in story
    assert "Because they ordered, and nothing held it back." in story


def test_the_story_of_a_device_is_about_its_customer(explained: Any) -> None:
    assert "belongs to at-risk-regulars" in explained(anna(70), "v1")


def test_an_audience_that_a_document_ends_is_left_for_that_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    buyers = {"audiences": [{"name": "buyers", "members": {"orders": {"min": 1}}}], "recipes": []}
    later = {"recipes": [], "from": T + 20 * DAY}
    history, file = tmp_path / "history.json", tmp_path / "events.jsonl"
    history.write_text(json.dumps({"history": [buyers, later]}))
    file.write_text("".join(f"{json.dumps(each)}\n" for each in anna(40)))
    assert main(["backtest", str(file), "--recipes", str(history), "--out", str(tmp_path)]) == 0
    files = ["--from", str(tmp_path), "--events", str(file), "--recipes", str(history)]
    capsys.readouterr()
    assert main(["explain", "customer:anna", *files]) == 0
    story = capsys.readouterr().out
    _, left = story.split("← left the audience buyers\n")
    assert left.strip().startswith("From then on the recipes have no such audience.")
