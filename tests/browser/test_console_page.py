"""The console's page in a real Chromium: content and accessibility."""

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, Keys

from agents.config.settings import Settings
from stream import recipes_file
from tests.browser.looking import Page, looking, produce, refused, telling
from tests.integration import viewing
from tests.integration.asking import Console, whole
from tests.integration.past import left
from tests.integration.viewing import Log

HOSTILE = '<img src=x onerror="window.struck=1"><script>window.struck=1</script>'


@pytest.fixture(scope="module")
def settings(broker: str, redis_url: str) -> Settings:
    """Settings of a console whose broker has a day of worker records."""
    return left(broker, f"page{os.getpid()}.", 300, redis=redis_url)


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return viewing.read(settings)


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Console]:
    with whole(settings) as made:
        yield made


@pytest.fixture
def page(tab: Chrome, served: Console) -> Iterator[Page]:
    with looking(tab, served.url) as made:
        yield made


@pytest.fixture(scope="module")
def person(log: Log) -> str:
    return telling(log)


def test_the_figures_and_plots_show_what_was_decided(page: Page, log: Log) -> None:
    page.go()
    page.day()
    counts = log.counts()
    fired = sum(number for (_, _, outcome, _), number in counts.items() if outcome == "fired")
    steps = sum(number for (_, _, outcome, _), number in counts.items()
                if outcome in ("fired", "refused", "closed"))  # fmt: skip
    page.until(lambda: page.text("#tiles .tile:first-child b") == f"{fired:,}")
    funnel = page.attributes("#funnel-plot svg", "aria-label")[0]
    assert funnel is not None
    assert funnel.startswith(f"Of {steps:,} steps decided {fired:,} were sent")
    bars = page.contents("#funnel-plot .row title")
    numbers = [int(bar.split(": ")[-1].split()[0].replace(",", "")) for bar in bars]
    sorts = page.attributes("#funnel-plot .row", "class")
    left = steps
    for number, sort in zip(numbers, sorts, strict=True):
        assert left == number if sort == "row total" else number > 0
        left -= 0 if sort == "row total" else number
    assert left == fired
    assert len(page.all("#recipes-table tbody tr")) == len(recipes_file.DEFAULT.names)


def test_the_funnel_of_one_recipe_counts_that_recipe(page: Page, log: Log) -> None:
    page.go()
    page.day()
    page.run(
        "const pick = document.querySelector('#funnel-recipe'); pick.value = 'exit-intent';"
        "pick.dispatchEvent(new Event('change'))"
    )
    steps = sum(
        number
        for (_, recipe, outcome, _), number in log.counts().items()
        if recipe == "exit-intent" and outcome != "cancelled"
    )
    page.until(
        lambda: page.text("#funnel-plot .row:first-child text.strong + rect + text") == f"{steps:,}"
    )
    page.click("#funnel details summary")
    assert page.text("#funnel-table tbody td").replace(",", "") == str(steps)


def test_what_is_decided_appears_at_once_with_its_reason(page: Page, settings: Settings) -> None:
    page.go()
    page.until(lambda: page.all("#stream .happening"))
    produce(settings, "triggers.decisions", "customer:vera", refused("customer:vera", "d" * 32))
    page.until(lambda: "customer:vera" in page.text("#stream .happening:first-child"))
    shown = page.text("#stream .happening:first-child")
    assert "cart-abandonment 1 of 3 was held back" in shown
    assert "Because they withdrew their consent to each of its channels." in shown


def test_a_paused_list_does_not_change_and_counts_new_lines(page: Page, settings: Settings) -> None:
    page.go()
    produce(settings, "triggers.decisions", "customer:ada", refused("customer:ada", "9" * 32))
    page.until(lambda: "customer:ada" in page.text("#stream"))  # and what came before it
    page.click("#pause")
    page.drawn()
    before = page.text("#stream")
    produce(settings, "triggers.decisions", "customer:paul", refused("customer:paul", "e" * 32))
    page.until(lambda: page.text("#fresh") == "1 new · show")
    assert page.text("#stream") == before
    page.click("#fresh")
    page.until(lambda: "customer:paul" in page.text("#stream .happening:first-child"))


def test_filters_choose_what_is_listed(page: Page) -> None:
    page.go()
    page.until(lambda: page.all("#stream .happening.refused"))
    page.click(".filter.refused")
    page.until(lambda: not page.all("#stream .happening.refused"))
    assert page.all("#stream .happening.fired")
    assert page.attributes(".filter.refused", "aria-pressed") == ["false"]


def test_visitors_text_is_never_interpreted_as_markup(page: Page, settings: Settings) -> None:
    page.go()
    page.until(lambda: page.all("#stream .happening"))
    person = f"customer:{HOSTILE}"
    produce(settings, "triggers.decisions", person, refused(person, "f" * 32))
    produce(
        settings, "storefront.rejected", HOSTILE, HOSTILE.encode(), reason="wrong_type",
        path=f"$.{HOSTILE}", topic="storefront.events", partition="0", offset="1", time="1",
    )  # fmt: skip
    page.until(lambda: HOSTILE in page.text("#stream") and page.text("#stream").count(HOSTILE) > 1)
    page.until(lambda: HOSTILE in page.text("#rejected-table"))
    page.click("#rejected-table tbody button")
    page.until(lambda: HOSTILE in page.text("#rejected-table pre"))
    page.go(f"#/ask/{person.replace('<', '%3C').replace('>', '%3E').replace(' ', '%20')}")
    page.until(lambda: page.text("#answer h1") == person and "held back" in page.text("#answer"))
    assert page.run("return window.struck ?? null") is None
    assert page.run("return document.querySelectorAll('main img').length") == 0


def test_a_person_is_found_by_keyboard_with_the_story_and_what_waits(
    page: Page, served: Console, person: str
) -> None:
    page.go()
    page.until(lambda: page.all("#tiles .tile"))
    page.keys("/")
    assert page.focused().get_attribute("id") == "asked"
    page.keys(person, Keys.ENTER)
    page.until(lambda: page.all("#answer .timeline li"))
    expected = served.ask(person).json
    assert page.contents("#answer .timeline .title") == [line["text"] for line in expected["lines"]]
    assert len(page.all("#answer .steps li")) == len(expected["waiting"])
    assert page.focused().get_attribute("id") == "answer-h"
    assert page.tab.title.startswith(person)
    page.picture("answer")
    page.keys(Keys.ESCAPE)
    page.until(lambda: page.all("#overview:not([hidden])"))


def test_a_trigger_id_shows_its_step_first(page: Page, log: Log) -> None:
    decision = log.values("triggers.decisions")[0][1]
    page.go(f"#/ask/{decision['trigger_id']}")
    page.until(lambda: page.all("#answer .asked .title"))
    assert page.text("#answer h1") == decision["person"]
    assert decision["recipe"] in page.text("#answer .asked .title")
    assert page.all("#answer .timeline .this")


def test_an_unknown_person_is_reported_as_unknown(page: Page) -> None:
    page.go("#/ask/customer%3Anobody")
    page.until(lambda: "Nothing is known of “customer:nobody”." in page.text("#answer"))


def test_thirty_days_come_from_the_view(page: Page, log: Log) -> None:
    page.go()
    page.until(lambda: page.all("#tiles .tile"))
    page.run("document.querySelector('input[name=over][value=month]').click()")
    page.until(lambda: "From the Redis view" in page.text("#counted"))
    page.until(lambda: page.all("#funnel-plot svg"))
