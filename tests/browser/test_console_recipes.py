"""A marketer at the recipes page: change, try, publish, revert; by mouse and keyboard, on desktop and phone."""

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from agents.config.settings import Settings
from agents.console.publish_key import SETTING
from tests.browser.legible import PALE, UNNAMED
from tests.browser.looking import DESK, PHONE, Page, looking
from tests.integration.asking import Console, console
from tests.integration.past import left

KEY = "correct horse battery staple"
DRAFT = "recipes:\n  - name: cart-abandonment\n    steps: [2h]\n"
WRONG = "recipes:\n  - name: cart-abandonment\n  - name: browse-abandonment\n    step: [2h]\n    cooldown: 7\n"


@pytest.fixture(scope="module")
def settings(broker: str) -> Settings:
    """Settings of a console whose broker has six hours of worker records."""
    return left(broker, f"marketer{os.getpid()}.", 150, 6 * 3_600_000)


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Console]:
    with console(settings, 0, **{SETTING: KEY}) as made:
        made.until("day", lambda found: found["kafka"]["behind"] == 0)
        yield made


@pytest.fixture
def page(tab: Chrome, served: Console) -> Iterator[Page]:
    with looking(tab, served.url) as made:
        yield made


def enter(page: Page) -> None:
    page.go("#/recipes")
    page.until(lambda: "decides like the recipes in force" in page.text("#draft-state"))


def write(page: Page, text: str) -> None:
    area = page.tab.find_element(By.ID, "draft")
    area.clear()
    area.send_keys(text)


def field(page: Page, name: str, text: str) -> None:
    element = page.tab.find_element(By.ID, f"publish-{name}")
    element.clear()
    element.send_keys(text)


def publish(page: Page, note: str, key: str = KEY) -> None:
    field(page, "by", "Anna")
    field(page, "note", note)
    field(page, "key", key)
    page.tab.find_element(By.ID, "publish-key").send_keys(Keys.ENTER)


def test_faults_are_shown_at_their_lines_and_a_click_leads_there(page: Page) -> None:
    enter(page)
    write(page, WRONG)
    page.until(lambda: page.all("#draft-state .wrong button"))
    assert page.contents("#draft-state .wrong button") == ["Line 4", "Line 5"]
    assert page.contents("#draft-lines .bad") == ["4", "5"]
    assert page.tab.find_element(By.ID, "draft").get_attribute("aria-invalid") == "true"
    assert not page.tab.find_element(By.ID, "trial-begin").is_enabled()
    assert not page.tab.find_element(By.ID, "publish-go").is_enabled()
    page.click("#draft-state .wrong:last-child button")
    assert page.focused().get_attribute("id") == "draft"
    chosen = "const a = document.querySelector('#draft'); return a.value.slice(a.selectionStart, a.selectionEnd)"
    assert page.run(chosen) == WRONG.split("\n")[4]


def test_a_marketer_changes_tries_publishes_and_reverts_recipes(
    page: Page, served: Console
) -> None:
    enter(page)
    assert "what is shipped" in page.text("#in-force")
    write(page, DRAFT)
    page.until(lambda: page.all("#draft-state .changes li"))
    assert "cart-abandonment" in page.text("#draft-state .changes")
    page.click("#trial-begin")
    page.until(lambda: page.all("#trial-report iframe"), 240)
    page.tab.switch_to.frame(page.tab.find_element(By.CSS_SELECTOR, "#trial-report iframe"))
    page.until(lambda: page.all("main section svg"))
    assert "your draft" in page.text("h1")
    assert page.run("return getComputedStyle(document.querySelector('section')).borderTopStyle") == "solid"  # fmt: skip
    page.tab.switch_to.default_content()
    tall = "return document.querySelector('#trial-report iframe').getBoundingClientRect().height"
    page.until(lambda: page.run(tall) > 1_000)

    publish(page, "two hours", "a key that is not the right one")
    page.until(lambda: "The key is wrong" in page.text("#published"))
    assert page.focused().get_attribute("id") == "publish-key"
    assert len(page.all("#history > li")) == 1
    publish(page, "two hours")
    page.until(lambda: "Published: document 1 is in force from" in page.text("#published"))
    page.until(lambda: "In force: document 1" in page.text("#in-force"))
    assert "by Anna: “two hours”" in page.text("#in-force")
    newest = page.text("#history > li")
    assert "in force" in newest
    assert "cart-abandonment" in newest
    assert page.tab.find_element(By.ID, "publish-key").get_attribute("value") == ""
    page.picture("recipes-published")

    page.click_last("#history > li button")
    page.until(lambda: page.all("#draft-state .changes li"))
    assert (
        page.tab.find_element(By.ID, "publish-note").get_attribute("value") == "back to the start"
    )
    publish(page, "back to the start")
    page.until(lambda: "In force: document 2" in page.text("#in-force"))
    assert len(page.all("#history > li")) == 3
    page.until(lambda: "decides like the recipes in force" in page.text("#draft-state"))


def test_a_console_without_a_key_only_reads(tab: Chrome, settings: Settings) -> None:
    with console(settings) as reading, looking(tab, reading.url) as page:
        enter(page)
        page.until(lambda: SETTING in page.text("#publish-closed"))
        assert not page.tab.find_element(By.ID, "publish").is_displayed()
        write(page, DRAFT)
        page.until(lambda: page.all("#draft-state .changes li"))
        assert page.tab.find_element(By.ID, "trial-begin").is_enabled()


def test_the_keyboard_goes_through_the_page_and_escape_leaves_it(page: Page) -> None:
    enter(page)
    page.run("document.querySelector('#recipes-page-h').focus()")
    reached: list[str] = []
    while len(reached) < 30 and "publish-key" not in reached:
        page.keys(Keys.TAB)
        reached.append(page.focused().get_attribute("id") or page.focused().text)
    wanted = ["draft-reset", "draft", "trial-hours", "trial-begin", "publish-by", "publish-note", "publish-start"]  # fmt: skip
    assert [each for each in reached if each in wanted] == wanted
    page.run("document.querySelector('#recipes-page-h').focus()")
    page.keys(Keys.ESCAPE)
    page.until(lambda: page.tab.find_element(By.ID, "overview").is_displayed())


def test_the_draft_stays_while_the_page_refreshes(page: Page) -> None:
    enter(page)
    write(page, DRAFT)
    page.run("window.asked = performance.getEntriesByName(`${location.origin}/api/recipes`).length")
    more = "return performance.getEntriesByName(`${location.origin}/api/recipes`).length > window.asked + 1"
    page.until(lambda: page.run(more))
    assert page.run("return document.querySelector('#draft').value") == DRAFT


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)])
def test_nothing_runs_out_all_is_named_and_no_text_is_pale(
    page: Page, colours: str, name: str, screen: dict[str, object]
) -> None:
    page.screen(screen, colours)
    enter(page)
    write(page, WRONG)
    page.until(lambda: page.all("#draft-state .wrong button"))
    page.picture(f"recipes-{name}-{colours}")
    assert page.run("return document.documentElement.scrollWidth") <= int(str(screen["width"]))
    assert page.run(UNNAMED) == []
    assert page.run(PALE) == []
    visible = "return [...document.querySelectorAll('h1')].filter((each) => each.checkVisibility()).length"
    assert page.run(visible) == 1
    for section in page.all("#recipes-page section"):
        assert page.all(f"#{section.get_attribute('aria-labelledby')}")


def test_nothing_is_blocked_and_nothing_fails_on_the_page(page: Page) -> None:
    page.tab.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "window.faults = [];"
            "addEventListener('error', (event) => faults.push(event.message ?? 'resource'), true);"
            "addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)));"
            "addEventListener('securitypolicyviolation', (event) => faults.push(event.blockedURI));"
        },
    )
    enter(page)
    write(page, DRAFT)
    page.until(lambda: page.all("#draft-state .changes li"))
    page.click("#trial-begin")
    page.until(lambda: page.all("#trial-report iframe"), 240)
    page.until(lambda: page.all("#lift > *"))
    assert page.run("return window.faults") == []


@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)])
def test_the_sources_page_shows_what_was_posted_here(
    page: Page, served: Console, name: str, screen: dict[str, object]
) -> None:
    assert served.send("POST", "/collect", {"id": "1", "type": "page.viewed"}).status == 400
    page.screen(screen)
    page.go("#/sources")
    page.until(lambda: page.all("#sources-table tbody tr"))
    shown = page.text("#sources-table")
    assert "collect" in shown
    assert "page.viewed: missing" in shown
    assert "TRIGGERS_CONSOLE_COLLECTORS" in page.text("#sources-note")
    page.picture(f"sources-{name}")
    assert page.run("return document.documentElement.scrollWidth") <= int(str(screen["width"]))
    assert page.run(UNNAMED) == []
    assert page.run(PALE) == []
