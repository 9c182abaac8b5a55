"""The console's page on a phone, in the dark, by keyboard, with a screen reader, without errors."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys

from agents.config.settings import Settings
from tests.browser.legible import PALE, UNNAMED
from tests.browser.looking import DESK, PHONE, Page, looking, telling
from tests.integration import viewing
from tests.integration.asking import Console, whole
from tests.integration.past import left


@pytest.fixture(scope="module")
def settings(broker: str, redis_url: str) -> Settings:
    """Settings of a console whose broker has a day of worker records."""
    return left(broker, f"everybody{os.getpid()}.", 300, redis=redis_url)


@pytest.fixture(scope="module")
def person(settings: Settings) -> str:
    return telling(viewing.read(settings))


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Console]:
    with whole(settings) as made:
        yield made


@pytest.fixture
def page(tab: Chrome, served: Console) -> Iterator[Page]:
    with looking(tab, served.url) as made:
        yield made


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)])
def test_nothing_runs_out_of_the_page_all_is_named_and_no_text_is_pale(
    page: Page, person: str, colours: str, name: str, screen: dict[str, Any]
) -> None:
    page.screen(screen, colours)
    page.go()
    page.day()
    page.until(lambda: page.all("#rejected-table tbody tr") and page.all("#stream .happening"))
    page.picture(f"{name}-{colours}")
    for place in ("", f"#/ask/{person}"):
        page.run(f"location.hash = '{place[1:]}'")
        if place:
            page.until(lambda: page.all("#answer .timeline li"))
            page.picture(f"answer-{name}-{colours}")
        assert page.run("return document.documentElement.scrollWidth") <= screen["width"]
        assert page.run(UNNAMED) == []
        assert page.run(PALE) == []


def test_the_colours_are_the_system_s_until_others_are_chosen_and_the_choice_stays(
    page: Page,
) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    page.screen(DESK, "dark")
    page.go()
    dark = page.run(ground)
    page.screen(DESK, "light")
    page.until(lambda: page.run(ground) != dark)
    light = page.run(ground)
    page.click("#theme")
    assert page.run(ground) == light
    page.click("#theme")
    assert page.run(ground) == dark
    page.go()
    assert page.run(ground) == dark
    page.click("#theme")
    assert page.run(ground) == light
    page.run("localStorage.clear()")


def test_a_keyboard_reaches_everything_and_the_first_stop_skips_to_the_content(page: Page) -> None:
    page.go()
    page.day()
    page.until(lambda: page.all("#rejected-table button"))
    page.run("document.activeElement.blur(); scrollTo(0, 0)")
    page.keys(Keys.TAB)
    assert page.focused().text == "Skip to the content"
    reached: list[str] = []
    while len(reached) < 40 and "recipes-table" not in reached:
        page.keys(Keys.TAB)
        assert page.run("return document.activeElement.matches(':focus-visible')")
        reached.append(page.focused().get_attribute("id") or page.focused().text)
    for wanted in ("asked", "theme", "pause", "stream", "funnel-recipe", "recipes-table"):
        assert wanted in reached, (wanted, reached)
    page.run("document.querySelector('#stream').focus()")
    page.drawn()  # the list does not change while it has the focus
    page.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    links = page.all("#stream a")
    assert page.focused() == links[1]
    page.keys(Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.focused().get_attribute("id") == "stream"
    page.run("document.querySelector('.skip').focus()")
    page.keys(Keys.ENTER)
    assert page.focused().get_attribute("id") == "content"


def test_the_page_has_landmarks_one_heading_and_polite_announcements(page: Page) -> None:
    page.go()
    page.day()
    for landmark in ("header", "main", "nav[aria-label]", "[role=search]", "footer"):
        assert len(page.all(landmark)) == 1, landmark
    visible = "return [...document.querySelectorAll('h1')].filter((each) => each.checkVisibility()).length"
    assert page.run(visible) == 1
    assert page.run("return document.documentElement.lang") == "en"
    assert page.all("[aria-live=polite]")
    assert page.all("#banner[role=status]")
    plots = "svg:not([aria-hidden=true])"
    assert set(page.attributes(plots, "role")) == {"img"}
    assert all(page.attributes(plots, "aria-label"))
    for section in page.all("section"):
        labelled = section.get_attribute("aria-labelledby")
        assert section.get_attribute("aria-label") or page.all(f"#{labelled}")


def test_nothing_is_blocked_and_nothing_fails_on_the_page(page: Page, person: str) -> None:
    page.tab.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "window.faults = [];"
            "addEventListener('error', (event) => faults.push(event.message ?? 'resource'), true);"
            "addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)));"
            "addEventListener('securitypolicyviolation', (event) => faults.push(event.blockedURI));"
        },
    )
    page.go()
    page.day()
    page.run(f"location.hash = '#/ask/{person}'")
    page.until(lambda: page.all("#answer .timeline li"))
    page.run("location.hash = '#/'")
    page.until(lambda: page.all("#overview:not([hidden]) #funnel-plot svg"))
    assert page.run("return window.faults") == []
