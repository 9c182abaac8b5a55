"""The differences of two recipes files, in a marketer's words."""

from pathlib import Path

import pytest

from agents.__main__ import main
from agents.compare.recipes_text import differences
from stream import recipes_file

WEEK = "{max: 3, per: 7d, then: drop}"


def words(before: str, after: str) -> list[str]:
    return differences(recipes_file.load(before), recipes_file.load(after))


def of_cart(before: str, after: str) -> list[str]:
    """The differences of one recipe with these fields."""
    cart = "recipes: [{name: cart-abandonment, %s}]"
    found = words(cart % before, cart % after)
    assert all(line.startswith("cart-abandonment: ") for line in found)
    return [line.removeprefix("cart-abandonment: ") for line in found]


def test_files_that_decide_alike_differ_in_nothing() -> None:
    text = "recipes: [{name: cart-abandonment}, {name: exit-intent}]"
    assert words(text, text) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("steps: [30m, 1d]", "steps: [45m, 1d]", ["step 1 moves from 30m to 45m"]),
        ("steps: [30m]", "steps: [30m, 2d]", ["new step 2 after 2d"]),
        ("steps: [30m, 36h]", "steps: [30m]", ["step 2 after 36h removed"]),
        ("channels: [email]", "channels: [email, sms]", ["goes to sms, too"]),
        ("channels: [email, sms]", "channels: [sms]", ["goes no longer to email"]),
        (
            "channels: [email, sms]",
            "channels: [sms, email]",
            ["tries channels in another order: sms, email"],
        ),
        ("cooldown: 1d", "cooldown: 0", ["cooldown goes from 1d to 0"]),
        ("capped: true", "capped: false", ["no longer counts under the caps"]),
        ("consent: granted", "reach: known", ["goes to people who have not objected"]),
        ("holdout: 0", "holdout: 12.5", ["holdout goes from 0 % to 12.5 %"]),
        ("arms: {a: 50, b: 50}", "version: 1", ["arms a 50 %, b 50 % become none"]),
        (
            "priority: 10",
            "priority: 5",
            ["its turn among recipes comes earlier: priority from 10 to 5"],
        ),
        (
            "when: {orders: {max: 3}}",
            "when: {orders: {min: 1, max: 3}, category: [lamps]}",
            ["is sent if orders is 1 to 3 and category is lamps, before if orders is at most 3"],
        ),
        (
            "offers: [{offer: free-shipping, when: {cart_value: {min: 50}}}]",
            "offers: [{offer: ten-percent}]",
            [
                "offers free-shipping if cart_value is at least 50 become ten-percent always",
            ],
        ),
        ("version: 1", "version: 2", ["version goes from 1 to 2"]),
    ],
)
def test_a_changed_field_has_a_sentence(before: str, after: str, expected: list[str]) -> None:
    assert of_cart(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (f"caps: [{WEEK}]", "caps: []", ["cap of 3 a week removed"]),
        (
            "caps: []",
            "caps: [{max: 1, per: 1d, then: defer}]",
            ["new cap of 1 a day: what is above it waits"],
        ),
        (
            f"caps: [{WEEK}]",
            "caps: [{max: 2, per: 7d, then: drop}]",
            ["cap of 3 a week becomes 2 a week"],
        ),
        (
            f"caps: [{WEEK}]",
            "caps: [{max: 3, per: 7d, then: defer}]",
            ["cap of 3 a week: what is above it waits, it is dropped before"],
        ),
        ("zone: UTC", "zone: Europe/Berlin", ["time zone changes from UTC to Europe/Berlin"]),
        (
            "quiet: {from: '21:00', to: '08:00'}",
            "quiet: {from: '22:00', to: '08:00'}",
            ["quiet hours move from 21:00-08:00 to 22:00-08:00"],
        ),
        ("keep: 30d", "keep: 90d", ["people are remembered for 90d, 30d before"]),
    ],
)
def test_a_changed_policy_has_a_sentence(before: str, after: str, expected: list[str]) -> None:
    assert words(f"policy: {{{before}}}", f"policy: {{{after}}}") == expected


def test_recipes_that_come_and_go_are_named() -> None:
    found = words(
        "recipes: [{name: cart-abandonment}, {name: exit-intent}, {name: browse-abandonment, enabled: false}]",
        "recipes: [{name: cart-abandonment, enabled: false}, {name: browse-abandonment, steps: [2h]}, "
        "{name: win-back, kind: cart-abandonment, steps: [30d], channels: [email]}]\npolicy: {keep: 40d}",
    )
    assert found == [
        "cart-abandonment: disabled",
        "recipe exit-intent removed",
        "browse-abandonment: enabled again: browse-abandonment, after 2h, to email, sms, push, messenger",
        "new recipe win-back: cart-abandonment, after 30d, to email",
        "people are remembered for 40d, 30d before",
    ]


def test_audiences_that_come_go_and_change_are_named() -> None:
    found = words(
        "audiences: [{name: a, members: {orders: {min: 1}}}, {name: b, members: {visits: {min: 1}}}]",
        "audiences: [{name: a, members: {orders: {min: 2}}}, {name: c, members: {visits: {min: 1}}}]",
    )
    assert found == ["audience a has other members", "audience b removed", "new audience c"]


def test_the_command_prints_how_two_files_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "old.yaml", tmp_path / "new.yaml"]
    files[0].write_text("recipes: [{name: cart-abandonment, steps: [30m]}]")
    files[1].write_text("recipes: [{name: cart-abandonment, steps: [45m]}]")
    assert main(["recipes", "diff", *map(str, files)]) == 0
    assert capsys.readouterr().out == "cart-abandonment: step 1 moves from 30m to 45m\n"
    assert main(["recipes", "diff", str(files[0]), str(files[0])]) == 0
    assert capsys.readouterr().out == "they decide alike\n"
