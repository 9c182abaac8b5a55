"""The lift of recipes: counted by hand, and over seeded records with a known effect."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from agents.lift import sentences
from agents.lift.figures import Lift, OfArm, report
from agents.lift.lift_page import page
from agents.lift.watches import first_watches
from tests.unit.test_compare import Checked

T = 1_767_571_200_000
DAY = 86_400_000


def watch(person: str, group: str = "treated", **more: Any) -> bytes:
    """A line of outcomes.jsonl, without an order by default."""
    given = {
        "trigger_id": f"id-{person}-{more.get('at', T)}", "recipe": "cart-abandonment", "version": 1,
        "person": person, "group": group, "arm": None, "at": T, "until": T + DAY, "orders": 0, "value": 0,
    }  # fmt: skip
    return json.dumps(given | more).encode()


def lift(values: list[bytes], since: int | None = None, until: int | None = None) -> Lift:
    return report(first_watches(values, since, until), since, until)


def only(found: Lift) -> OfArm:
    (arm,) = found.recipes
    return arm


def groups(treated: tuple[int, int], held: tuple[int, int]) -> list[bytes]:
    """(persons, persons with an order of 10) of each group."""
    return [
        watch(f"{group}{n}", group, orders=int(n < ordered), value=10 * (n < ordered))
        for group, (persons, ordered) in (("treated", treated), ("held", held))
        for n in range(persons)
    ]


def test_the_first_watch_of_each_person_in_the_period_counts() -> None:
    values = [
        watch("p", at=T + 2 * DAY, orders=1, value=5), watch("p", at=T + DAY),
        watch("p", at=T, orders=3, value=30), watch("q", "held", at=T + 3 * DAY),
    ]  # fmt: skip
    arm = only(lift(values))
    assert (arm.treated.persons, arm.treated.ordered, arm.treated.value) == (1, 1, 30)
    later = lift(values, T + 1, T + 3 * DAY)
    assert (later.watches, only(later).treated.ordered, only(later).held.persons) == (2, 0, 0)
    assert only(lift(values, T + DAY + 1)).treated.value == 5


def test_a_watch_that_is_written_twice_counts_once() -> None:
    assert only(lift([watch("p", orders=1)] * 2)).treated.persons == 1


def test_figures_are_by_recipe_version_and_arm_and_a_person_stays_with_its_first_version() -> None:
    values = [
        watch("p"), watch("p", at=T + 1, version=2), watch("q", version=2, arm="b"),
        watch("r", version=2, arm="a"), watch("p", recipe="browse-abandonment"),
    ]  # fmt: skip
    found = [(each.recipe, each.version, each.arm) for each in lift(values).recipes]
    assert found == [
        ("browse-abandonment", 1, None), ("cart-abandonment", 1, None),
        ("cart-abandonment", 2, "a"), ("cart-abandonment", 2, "b"),
    ]  # fmt: skip


def test_a_person_with_several_orders_is_one_with_an_order() -> None:
    arm = only(lift([watch("p", orders=3, value=90), watch("q", orders=0)]))
    assert (arm.treated.share, arm.treated.each) == (0.5, 45)


def test_below_100_held_persons_there_is_no_statement() -> None:
    few = only(lift(groups((1_000, 52), (99, 3))))
    assert (few.enough, few.orders, few.value) == (False, None, None)
    assert sentences.sentences(few) == [
        "Not enough to tell: 99 were held back, and 100 are needed.",
        "Of 1,000 who got it, 52 ordered; of 99 held back, 3.",
    ]
    assert only(lift(groups((1_000, 52), (100, 3)))).enough


def test_without_a_holdout_it_says_what_to_do() -> None:
    arm = only(lift(groups((500, 20), (0, 0))))
    assert "nobody was held back (a recipe holds persons back" in sentences.sentences(arm)[0]


def test_a_difference_is_printed_with_its_bounds() -> None:
    arm = only(lift(groups((1_000, 52), (950, 31))))
    assert sentences.sentences(arm) == [
        "Of 1,000 who got it, 52 ordered; of 950 held back, 31: 1.9 percentage points more (between 0.1 and 3.8).",
        "On average, those who got it spent 0.52, and those held back 0.33: 0.19 more (between 0.02 and 0.37).",
    ]


def test_a_smaller_value_is_called_less() -> None:
    arm = only(lift(groups((950, 31), (1_000, 52))))
    assert sentences.sentences(arm) == [
        "Of 950 who got it, 31 ordered; of 1,000 held back, 52: 1.9 percentage points fewer (between 0.1 and 3.8).",
        "On average, those who got it spent 0.33, and those held back 0.52: 0.19 less (between 0.02 and 0.37).",
    ]


def test_a_difference_that_may_be_chance_is_called_so() -> None:
    first, _ = sentences.sentences(only(lift(groups((1_000, 40), (500, 18)))))
    assert first.endswith(
        ": 0.4 percentage points more, which may be chance (between 1.9 fewer and 2.3 more)."
    )


def test_if_all_spent_the_same_there_is_no_statement_on_value() -> None:
    arm = only(lift(groups((200, 0), (200, 0))))
    assert arm.orders is not None
    assert not arm.orders.sure
    assert arm.value is None
    assert sentences.sentences(arm)[1] == "All spent the same, so the values show no difference."


def test_too_few_recipients_are_reported() -> None:
    text = sentences.sentences(only(lift(groups((20, 2), (200, 9)))))[1]
    assert text.endswith("Too few got it for a reliable figure.")


def test_values_of_few_orders_are_called_unreliable() -> None:
    few, enough = (only(lift(groups((1_000, 52), (1_000, held)))) for held in (19, 20))
    assert sentences.sentences(few)[1].endswith("Too few ordered for a reliable figure.")
    assert sentences.sentences(enough)[1].endswith(").")
    assert (few.few, enough.few) == (True, False)


def shop(seed: int, treated: float, held: float, persons: int = 20_000) -> Iterator[bytes]:
    """Outcomes of persons of whom one in five is held back, whose chances to order are known; an order is worth
    about 60."""
    chance = random.Random(seed)
    for n in range(persons):
        group = "held" if chance.random() < 0.2 else "treated"
        ordered = chance.random() < (held if group == "held" else treated)
        value = round(chance.lognormvariate(4, 0.5), 2) if ordered else 0
        yield watch(f"p{n}", group, orders=int(ordered), value=value, at=T + n)


@pytest.mark.parametrize("seed", range(3))
def test_a_known_effect_is_found(seed: int) -> None:
    arm = only(lift(list(shop(seed, 0.06, 0.04))))
    assert arm.orders is not None
    assert arm.value is not None
    assert 0 < arm.orders.low <= 0.02 <= arm.orders.high
    assert arm.value.low > 0


def test_where_there_is_no_effect_19_of_20_times_none_is_found() -> None:
    found = [only(lift(list(shop(seed, 0.05, 0.05, 1_500)))) for seed in range(100)]
    sure = [
        (bool(arm.orders and arm.orders.sure), bool(arm.value and arm.value.sure)) for arm in found
    ]
    for kind in zip(*sure, strict=True):
        assert sum(kind) <= 10


def written(folder: Path, values: list[bytes]) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "outcomes.jsonl").write_bytes(b"".join(value + b"\n" for value in values))
    return ["lift", "--from", str(folder)]


def test_the_command_prints_sentences_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = written(tmp_path, groups((1_000, 52), (950, 31)))
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "cart-abandonment, version 1"
    assert said[1].startswith("  Of 1,000 who got it, 52 ordered; of 950 held back, 31: ")
    assert json.loads((tmp_path / "out" / "lift.json").read_text())["watches"] == 1_950
    assert (tmp_path / "out" / "lift.html").read_text().startswith("<!doctype html>")


def test_the_command_gives_its_figures_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = written(tmp_path, groups((1_000, 52), (950, 31)))
    assert main([*command, "--json", "--since", "2026-01-05", "--until", str(T + 1)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["since"], found["until"]) == (T, T + 1)
    (arm,) = found["recipes"]
    assert arm["treated"] == {
        "persons": 1_000, "ordered": 52, "share": 0.052, "value": 520.0, "each": 0.52,
    }  # fmt: skip
    assert arm["orders"]["value"] == pytest.approx(0.052 - 31 / 950)


def test_the_command_reports_that_there_is_no_watch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(written(tmp_path, [])) == 0
    assert "No watch has ended in this period" in capsys.readouterr().out


def test_the_command_reports_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lift", "--from", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/outcomes.jsonl: No such file or directory\n"
    assert main(written(tmp_path, [b'{"recipe":1}'])) == 1
    assert "the outcomes cannot be read" in capsys.readouterr().err


def test_a_time_that_is_offsets_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lift", "--since", "0:12"])
    assert ended.value.code == 2
    assert "expected 2026-11-28" in capsys.readouterr().err


def test_the_page_says_the_same_and_plots_only_certain_figures() -> None:
    values = [*groups((1_000, 52), (950, 31)), watch("x", "held", recipe="<b>", arm="&")]
    text = page(lift(values))
    checked = Checked()
    checked.feed(text)
    assert checked.open == []
    assert "Of 1,000 who got it, 52 ordered" in checked.text
    assert "1 were held back, and 100 are needed" in checked.text
    assert "<b>" not in text
    assert text.count("<circle") == 2
    assert "+1.9 (+0.1 to +3.8)" in checked.text
