"""Two recipes files over the same events: the comparison's figures, counted by hand."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from agents.compare import differences, recipes_text
from agents.compare.side import SentTrigger, Side
from stream import recipes_file
from tests.unit.test_backtest_command import LINES, T, written

MINUTE = 60_000
DAY = 86_400_000
FIRST = "recipes: [{name: cart-abandonment}]"
CART = "recipes: [{name: cart-abandonment, %s}]"


def compared(folder: Path, second: str, first: str = FIRST, lines: list[bytes] = LINES) -> Any:
    for name, text in (("a.yaml", first), ("b.yaml", second)):
        (folder / name).write_text(text)
    arguments = ["compare", str(written(folder, lines)), "--out", str(folder / "out")]
    arguments += ["--recipes", str(folder / "a.yaml"), "--with", str(folder / "b.yaml")]
    assert main(arguments) == 0
    return json.loads((folder / "out" / "compare.json").read_text())


def page_of(folder: Path) -> str:
    return (folder / "out" / "compare.html").read_text()


def of_recipe(report: Any) -> dict[str, int]:
    (found,) = report["recipes"]
    return {name: value for name, value in found.items() if value and name != "recipe"}


def test_two_equal_files_send_the_same(tmp_path: Path) -> None:
    report = compared(tmp_path, FIRST)
    assert of_recipe(report) == {"before": 3, "after": 3, "same": 3}
    assert (report["changes"], report["examples"]) == ([], [])
    assert report["sure"]["value"] == report["sure"]["low"] == report["sure"]["high"] == 0


def test_a_missing_step_is_removed_and_a_shifted_one_has_moved(tmp_path: Path) -> None:
    report = compared(tmp_path, CART % "steps: [30m, 1d]")
    assert of_recipe(report) == {"before": 3, "after": 2, "same": 1, "moved": 1, "gone": 1}
    assert report["changes"] == [
        "cart-abandonment: step 1 moves from 1h to 30m",
        "cart-abandonment: step 3 after 3d removed",
    ]
    gone = next(each for each in report["examples"] if each["sort"] == "gone")
    assert "cart-abandonment 3 of 3 was sent by email" in gone["before"][0]
    assert gone["after"] == ["cart-abandonment has no step 3."]


def test_another_offer_at_the_same_time_is_a_change(tmp_path: Path) -> None:
    report = compared(
        tmp_path, CART % "offers: [{offer: free-shipping, when: {cart_value: {min: 1}}}]"
    )
    found = of_recipe(report)
    assert found == {"before": 3, "after": 3, "same": 2, "changed": 1}


def test_a_step_held_back_by_a_cap_is_counted_with_its_reason(tmp_path: Path) -> None:
    capped = f"policy: {{caps: [{{max: 1, per: 7d, then: drop}}]}}\n{FIRST}"
    report = compared(tmp_path, capped)
    assert of_recipe(report) == {"before": 3, "after": 1, "same": 1, "gone": 2}
    held = [each for each in report["held"] if each["reason"] == "cap"]
    assert held == [
        {
            "recipe": "cart-abandonment",
            "outcome": "refused",
            "reason": "cap",
            "before": 0,
            "after": 2,
        }
    ]
    gone = [each for each in report["examples"] if each["sort"] == "gone"]
    assert all("was held back" in each["after"][0] for each in gone)
    assert all("the most messages that are allowed" in each["after"][1] for each in gone)


def test_a_recipe_missing_from_the_second_file_sends_nothing_in_it(tmp_path: Path) -> None:
    report = compared(tmp_path, "recipes: [{name: browse-abandonment}]")
    found = {each["recipe"]: (each["before"], each["after"]) for each in report["recipes"]}
    assert found["cart-abandonment"] == (3, 0)
    assert "recipe cart-abandonment removed" in report["changes"]
    gone = [each["after"] for each in report["examples"]]
    assert gone == [["There is no recipe cart-abandonment."]] * 3
    assert "Sent by “a.yaml” alone" in page_of(tmp_path)


def test_an_example_says_that_a_recipe_is_disabled(tmp_path: Path) -> None:
    report = compared(tmp_path, CART % "enabled: false")
    assert {each["after"][0] for each in report["examples"]} == {"cart-abandonment is disabled."}


def test_what_a_shadow_would_have_sent_stands_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = compared(tmp_path, CART % "mode: shadow, steps: [1h, 1d]")
    assert report["sent"] == [3, 0]
    assert report["shadows"] == [{"recipe": "cart-abandonment", "before": 0, "after": 2}]
    assert "cart-abandonment in shadow: 0 → 2" in capsys.readouterr().out.splitlines()
    assert "In shadow: what would have been sent" in page_of(tmp_path)
    compared(tmp_path, FIRST)
    assert "In shadow" not in page_of(tmp_path)


def test_days_follow_the_policys_time_zone(tmp_path: Path) -> None:
    """The cart is left at 00:02 UTC: the first step, an hour later, is the day before in New York."""
    second = "policy: {zone: America/New_York}\n" + FIRST
    report = compared(tmp_path, second, second)
    assert [day["day"] for day in report["days"]] == ["2026-01-04", "2026-01-05", "2026-01-07"]


def test_the_report_names_its_limits_and_the_steps_after_the_last_event(tmp_path: Path) -> None:
    report = compared(tmp_path, FIRST)
    assert report["after_end"] == [3, 3]
    assert report["cold_until"] == T + 7 * DAY
    assert len(report["limits"]) == 5


class Checked(HTMLParser):
    """Every element is closed in order, nothing is loaded, and no script runs."""

    VOID = ("meta", "line", "rect", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe")
        assert all(name not in ("src", "href") and not name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_no_server_and_escapes_foreign_text(tmp_path: Path) -> None:
    bad = [line.replace(b'"anna"', b'"<img src=x onerror=alert(1)>"') for line in LINES]
    compared(tmp_path, CART % "steps: [1h]", lines=bad)
    page = (tmp_path / "out" / "compare.html").read_text()
    checked = Checked()
    checked.feed(page)
    assert checked.open == []
    assert "<img src=x onerror=alert(1)>" in checked.text
    assert "3 messages become 1" in " ".join(checked.text.split())


def test_a_fault_in_a_file_is_reported_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, LINES)
    assert main(["compare", str(file), "--with", str(tmp_path / "none.yaml")]) == 2
    assert str(tmp_path / "none.yaml") in capsys.readouterr().err
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("recipes: [{name: cart-abandonment, step: [1h]}]")
    assert main(["compare", str(file), "--with", str(wrong)]) == 2
    assert f"{wrong}:1:" in capsys.readouterr().err


def sent(number: int, person: str, at: int = 0) -> SentTrigger:
    return SentTrigger(f"{number}", "r", 1, person, ("email",), None, None, at)


def side(*given: SentTrigger, persons: int = 0) -> Side:
    made = Side(recipes_file.DEFAULT, Path())
    made.sent = {each.trigger_id: each for each in given}
    made.persons = {each.person for each in given} | {f"p{n}" for n in range(persons)}
    return made


def test_the_interval_is_computed_from_differences_by_person() -> None:
    """100 persons, 40 of whom get one more: the spread is the root of 40 less 40 squared by 100."""
    before, after = side(persons=100), side(*(sent(n, f"p{n}") for n in range(40)), persons=100)
    found = differences.more(before, after)
    half = 1.959964 * (40 - 40 * 40 / 100) ** 0.5
    assert found.value == 40
    assert (found.low, found.high) == pytest.approx((40 - half, 40 + half))
    assert found.few is False
    assert differences.more(side(), side()).few


def test_overlap_counts_persons() -> None:
    before, after = side(sent(1, "a"), sent(2, "b")), side(sent(1, "a"), sent(3, "c"), sent(4, "c"))
    assert differences.overlap(before, after) == (1, 1, 1)


def test_the_recipes_differences_are_in_words() -> None:
    first = recipes_file.load("recipes: [{name: cart-abandonment, holdout: 10}]")
    second = recipes_file.load(
        "policy: {quiet: {from: '22:00', to: '08:00'}, caps: []}\n"
        "recipes: [{name: cart-abandonment, cooldown: 2h, channels: [sms], when: {cart_value: {min: 50}}}]"
    )
    found = recipes_text.differences(first, second)
    assert found == [
        "cart-abandonment: cooldown goes from 7d to 2h",
        "cart-abandonment: goes no longer to email, push, messenger",
        "cart-abandonment: is sent if cart_value is at least 50, before always",
        "cart-abandonment: holdout goes from 10 % to 0 %",
        "cap of 1 an hour removed",
        "cap of 3 a week removed",
        "new quiet hours 22:00-08:00",
    ]
