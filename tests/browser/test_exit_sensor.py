"""The eight signals and the pings, each from real input in a real Chromium."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import agents.console.routes
from stream.events.decoding import decode
from stream.events.types import ExitSignal
from stream.kinds.exit_score import SORTS

SENSOR = Path(agents.console.routes.__file__).parent / "static" / "shop" / "exit-sensor.js"

PAGE = """<!doctype html><meta charset="utf-8"><title>Sensed</title>
<body style="height: 6000px; margin: 0; padding: 40px">
<p><a id="on" href="/other">Another page</a> <button id="plain">A button</button></p>
<p><input id="field"> <select id="list"><option>one<option>two</select> <input id="tick" type="checkbox"></p>
<div id="card" contenteditable>text</div><iframe src="/frame" width="300" height="80"></iframe>
<script type="module">
  import { sense } from "/exit-sensor.js";
  window.seen = JSON.parse(sessionStorage.seen ?? "[]");
  const options = JSON.parse(new URLSearchParams(location.search).get("options") ?? "{}");
  window.stop = sense((event) => {
    seen.push(event);
    sessionStorage.seen = JSON.stringify(seen);
  }, options);
</script>"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = self.path == "/exit-sensor.js"
        body = SENSOR.read_bytes() if script else PAGE.encode()
        if self.path == "/frame":
            body = b"<input>"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps requests out of the tests' output."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(tab: Chrome, site: str) -> Chrome:
    tab.get(site)
    until(tab, lambda: tab.execute_script("return Boolean(window.stop)"))
    return tab


def until(tab: Chrome, holds: Callable[[], Any], seconds: float = 10) -> Any:
    return WebDriverWait(tab, seconds, 0.05).until(lambda _: holds())


def seen(tab: Chrome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.execute_script("return window.seen")
    return found


def heard(tab: Chrome, signal: str, seconds: float = 10) -> dict[str, Any]:
    """Waits for the page's only signal; checks that it is a valid event, sent after the required delay."""
    until(tab, lambda: seen(tab), seconds)
    (event,) = seen(tab)
    assert event["signal"] == signal
    named = {**event, "id": "e-1", "visitor": "v-1"}
    assert isinstance(decode(json.dumps(named).encode()), ExitSignal)
    assert event.get("held_ms", 1e9) >= SORTS[signal].least_held
    return event


def mouse(tab: Chrome, x: int, y: int, **more: Any) -> None:
    """Moves the mouse to a place of the window; a negative y is above the page."""
    tab.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y, **more})


def settle(seconds: float = 0.8) -> None:
    """Waits longer than the sensor's delays, before checking that nothing was sent."""
    time.sleep(seconds)


def test_the_file_is_small_and_needs_no_other() -> None:
    text = SENSOR.read_text()
    assert len(text.encode()) < 6_000
    assert "import " not in text.split("*/")[1]


def test_a_mouse_that_leaves_over_the_top_and_stays_out_is_pointer_top(page: Chrome) -> None:
    mouse(page, 300, 300)
    mouse(page, 300, -8)
    assert heard(page, "pointer_top")["form_focus"] is False


def test_a_mouse_that_returns_at_once_is_not_a_signal(page: Chrome) -> None:
    mouse(page, 300, 300)
    mouse(page, 300, -8)
    mouse(page, 300, 40)
    settle()
    assert seen(page) == []


@pytest.mark.parametrize(("x", "y"), [(-8, 300), (3000, 300), (300, 3000)])
def test_a_mouse_leaving_at_another_edge_is_not_a_signal(page: Chrome, x: int, y: int) -> None:
    mouse(page, 300, 300)
    mouse(page, x, y)
    settle()
    assert seen(page) == []


def test_a_drag_over_the_top_is_no_signal(page: Chrome) -> None:
    mouse(page, 300, 300)
    mouse(page, 300, -8, buttons=1)
    settle()
    assert seen(page) == []


@pytest.mark.parametrize("field", ["field", "list", "card"])
def test_with_the_focus_in_a_form_field_a_signal_says_so(page: Chrome, field: str) -> None:
    page.find_element(By.ID, field).click()
    mouse(page, 300, 300)
    mouse(page, 300, -8)
    assert heard(page, "pointer_top")["form_focus"] is True


@pytest.mark.parametrize("control", ["plain", "tick"])
def test_a_button_or_a_box_to_tick_is_no_form_field(page: Chrome, control: str) -> None:
    page.find_element(By.ID, control).click()
    mouse(page, 300, 300)
    mouse(page, 300, -8)
    assert heard(page, "pointer_top")["form_focus"] is False


def test_the_mouse_over_an_open_select_list_is_no_accepted_exit(page: Chrome) -> None:
    page.find_element(By.ID, "list").click()
    mouse(page, 120, 140)
    mouse(page, 120, 160)
    settle()
    assert all(event["form_focus"] for event in seen(page))


@pytest.mark.parametrize("keys", [(Keys.CONTROL, "w"), (Keys.META, "q"), (Keys.ALT, Keys.F4)])
def test_the_keys_that_close_are_close_shortcut(page: Chrome, keys: tuple[str, str]) -> None:
    held, key = keys
    ActionChains(page).key_down(held).send_keys(key).key_up(held).perform()
    assert "held_ms" not in heard(page, "close_shortcut")


def test_other_keys_are_not_a_signal(page: Chrome) -> None:
    ActionChains(page).send_keys("wq").key_down(Keys.CONTROL).send_keys("c").perform()
    ActionChains(page).key_down(Keys.ALT).send_keys("w").key_up(Keys.ALT).perform()
    ActionChains(page).key_up(Keys.CONTROL).perform()
    assert seen(page) == []


def test_one_step_back_from_the_page_of_entry_is_back_and_the_next_one_leaves(
    page: Chrome, site: str
) -> None:
    page.find_element(By.ID, "plain").click()
    page.back()
    heard(page, "back")
    assert page.current_url == site
    page.back()
    until(page, lambda: page.current_url == "about:blank")


def test_an_unused_sensor_does_not_touch_the_history(page: Chrome) -> None:
    before = page.execute_script("return history.length")
    mouse(page, 300, 300)
    assert page.execute_script("return history.length") == before


def test_back_may_be_switched_off(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"back":false}')
    tab.find_element(By.ID, "plain").click()
    tab.back()
    until(tab, lambda: tab.current_url == "about:blank")


def test_a_tab_that_stays_hidden_sends_only_tab_hidden(page: Chrome) -> None:
    here = page.current_window_handle
    page.switch_to.new_window("tab")
    settle(6.5)
    page.close()
    page.switch_to.window(here)
    heard(page, "tab_hidden")


def test_a_glance_at_another_tab_is_no_signal(page: Chrome) -> None:
    here = page.current_window_handle
    page.switch_to.new_window("tab")
    settle()
    page.close()
    page.switch_to.window(here)
    settle(5)
    assert seen(page) == []


def wheel(tab: Chrome, by: int) -> None:
    ActionChains(tab).scroll_by_amount(0, by).perform()


def far_down(tab: Chrome) -> None:
    """Scrolls down and waits for the scroll event: a busy page merges it with the next one."""
    tab.execute_async_script(
        "const [done] = arguments;"
        "addEventListener('scroll', () => setTimeout(done), { once: true });"
        "scrollTo(0, 3000)"
    )


def test_a_flick_of_the_wheel_back_up_is_scroll_up(page: Chrome) -> None:
    far_down(page)
    ActionChains(page).scroll_by_amount(0, -400).scroll_by_amount(0, -400).perform()
    heard(page, "scroll_up")


def touch(tab: Chrome, kind: str, *heights: int) -> None:
    finger = {"type": kind, "touchPoints": [{"x": 300, "y": y} for y in heights]}
    tab.execute_cdp_cmd("Input.dispatchTouchEvent", finger)


def test_a_flick_of_the_finger_back_up_is_scroll_up(page: Chrome) -> None:
    """The second move is the flick, longer than required. Many small moves, each sent after the answer to the one before,
    would be a slow finger on a busy machine."""
    far_down(page)
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    touch(page, "touchStart", 150)
    touch(page, "touchMove", 200)
    touch(page, "touchMove", 750)
    touch(page, "touchEnd")
    heard(page, "scroll_up")


def test_slow_scrolling_up_and_flicks_down_are_not_a_signal(page: Chrome) -> None:
    wheel(page, 1500)
    for _ in range(6):
        wheel(page, -100)
        settle(0.3)
    assert seen(page) == []


def test_a_link_back_to_the_top_is_no_signal(page: Chrome) -> None:
    wheel(page, 200)
    page.execute_script("scrollTo(0, 4000)")
    settle(1.2)
    page.execute_script("scrollTo({ top: 0, behavior: 'smooth' })")
    until(page, lambda: page.execute_script("return scrollY") == 0)
    assert seen(page) == []


def test_another_window_in_front_is_window_blur(page: Chrome, display: str | None) -> None:
    if display is None:
        pytest.skip("without a display windows have no focus to lose: apt-get install xvfb")
    page.find_element(By.ID, "plain").click()
    here = page.current_window_handle
    page.switch_to.new_window("window")
    settle()
    page.close()
    page.switch_to.window(here)
    heard(page, "window_blur")


def test_a_click_into_a_frame_of_the_page_is_no_signal(page: Chrome) -> None:
    page.find_element(By.TAG_NAME, "iframe").click()
    settle()
    assert seen(page) == []


def test_a_page_at_rest_is_idle_once(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"idle":600,"every":0}')
    assert heard(tab, "idle")["held_ms"] >= 600
    settle(1.5)
    assert len(seen(tab)) == 1
    mouse(tab, 300, 300)
    until(tab, lambda: len(seen(tab)) == 2)


def test_a_page_in_use_is_not_idle(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"idle":1500}')
    for step in range(10):
        mouse(tab, 300 + step, 300)
        settle(0.25)
    assert seen(tab) == []


def test_what_a_script_does_is_neither_a_use_nor_a_signal(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"idle":1500,"ping":100}')
    for step in range(10):
        tab.execute_script(
            "scrollTo(0, arguments[0] * 100);"
            "for (const type of ['pointermove', 'keydown', 'blur', 'wheel'])"
            "  dispatchEvent(Object.assign(new Event(type), { key: 'w', ctrlKey: true }))",
            step % 2,
        )
        settle(0.2)
    assert [event["signal"] for event in seen(tab)] == ["idle"]


def test_back_at_the_page_of_entry_from_another_is_landing_return(page: Chrome, site: str) -> None:
    page.find_element(By.ID, "on").click()
    until(page, lambda: page.current_url.endswith("/other"))
    page.back()
    until(page, lambda: page.current_url == site)
    heard(page, "landing_return")


def test_a_link_to_the_page_of_entry_is_no_signal(page: Chrome, site: str) -> None:
    page.find_element(By.ID, "on").click()
    until(page, lambda: page.current_url.endswith("/other"))
    page.execute_script("location.href = '/'")
    until(page, lambda: page.current_url == site)
    settle(0.3)
    assert seen(page) == []


def test_back_inside_a_shop_of_one_page_is_landing_return_and_then_back(
    page: Chrome, site: str
) -> None:
    page.find_element(By.ID, "plain").click()
    page.execute_script("history.pushState(null, '', '/product')")
    mouse(page, 300, 300)
    page.back()
    heard(page, "landing_return")
    assert page.current_url == site
    page.back()
    until(page, lambda: [event["signal"] for event in seen(page)] == ["landing_return", "back"])


def test_a_sort_of_signal_is_sent_at_most_once_in_its_period(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"every":2000}')
    for _ in range(3):
        ActionChains(tab).key_down(Keys.CONTROL).send_keys("w").key_up(Keys.CONTROL).perform()
    assert len(seen(tab)) == 1
    settle(2.1)
    ActionChains(tab).key_down(Keys.CONTROL).send_keys("w").key_up(Keys.CONTROL).perform()
    assert len(seen(tab)) == 2


def test_a_signal_from_a_form_field_does_not_silence_the_next_that_is_none(page: Chrome) -> None:
    for spot in ("field", "plain"):
        page.find_element(By.ID, spot).click()
        ActionChains(page).key_down(Keys.CONTROL).send_keys("w").key_up(Keys.CONTROL).perform()
    assert [event["form_focus"] for event in seen(page)] == [True, False]


def test_a_page_in_use_pings_and_one_at_rest_does_not(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"ping":1000}')
    settle(1.5)
    assert seen(tab) == []
    mouse(tab, 300, 300)
    mouse(tab, 310, 300)
    assert seen(tab) == [{"type": "activity.pinged"}]


def test_after_its_end_the_sensor_sends_nothing(page: Chrome) -> None:
    mouse(page, 300, 300)
    mouse(page, 300, -8)
    page.execute_script("stop()")
    ActionChains(page).key_down(Keys.CONTROL).send_keys("w").key_up(Keys.CONTROL).perform()
    settle()
    assert seen(page) == []


def test_the_script_is_a_module_and_a_global_too(page: Chrome) -> None:
    assert page.execute_script("return typeof exitSensor.sense") == "function"
