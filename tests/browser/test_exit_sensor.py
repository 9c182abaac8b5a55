"""The eight signals and the pings, each from real input in a real Chromium.

What must happen soon, or within a limit, is tested on a page whose clock stands still (`?still`) until the test lets time
pass: a busy machine may take any time between two inputs.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
  const asked = new URLSearchParams(location.search), options = JSON.parse(asked.get("options") ?? "{}");
  if (asked.has("still")) {
    let time = 1_000, number = 0;
    const timers = new Map();
    performance.now = () => time;
    window.setTimeout = (act, ms = 0) => timers.set(++number, { act, at: time + ms }) && number;
    window.clearTimeout = (id) => timers.delete(id);
    window.pass = (ms) => {
      const end = time + ms, sooner = ([, one], [, other]) => one.at - other.at;
      for (let due; (due = [...timers].filter(([, { at }]) => at <= end).sort(sooner)[0]);) {
        timers.delete(due[0]);
        time = due[1].at;
        due[1].act();
      }
      time = end;
    };
  }
  window.heard = { leaves: 0, at: "" };
  const tell = (what) => fetch("/told", { method: "POST", body: what, keepalive: true });
  document.documentElement.addEventListener("pointerleave", (e) => { heard.leaves += e.target === e.currentTarget; });
  document.addEventListener("visibilitychange", () => tell(document.visibilityState));
  addEventListener("pointermove", (e) => { heard.at = `${e.clientX},${e.clientY}`; });
  window.stop = sense((event) => {
    seen.push(event);
    tell(event.signal ?? event.type);
    sessionStorage.seen = JSON.stringify(seen);
  }, options);
</script>"""


class Shop(ThreadingHTTPServer):
    """Serves the page. `told`: what the last one that was opened has told of itself. A test that looks at a page brings it to
    the front, and so cannot look at one behind another."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        self.server.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/":
            self.server.told.clear()
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
def shop() -> Iterator[Shop]:
    server = Shop()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def site(shop: Shop) -> str:
    return f"http://127.0.0.1:{shop.server_port}/"


@pytest.fixture
def page(tab: Chrome, site: str) -> Chrome:
    tab.get(site)
    until(tab, lambda: tab.execute_script("return Boolean(window.stop)"))
    return tab


@pytest.fixture
def still(tab: Chrome, site: str) -> Callable[..., Chrome]:
    """Opens the page with a clock that stands still, and the sensor's options."""

    def opened(**options: int) -> Chrome:
        tab.get(f"{site}?still&options={json.dumps(options)}")
        until(tab, lambda: tab.execute_script("return Boolean(window.stop)"))
        return tab

    return opened


def until(tab: Chrome, holds: Callable[[], Any], seconds: float = 40) -> Any:
    return WebDriverWait(tab, seconds, 0.05).until(lambda _: holds())


def seen(tab: Chrome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.execute_script("return window.seen")
    return found


def heard(tab: Chrome, signal: str, seconds: float = 40) -> dict[str, Any]:
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


def move(tab: Chrome, x: int, y: int) -> None:
    """Moves the mouse inside the page, and waits until the page has heard of it."""
    mouse(tab, x, y)
    until(tab, lambda: tab.execute_script("return heard.at") == f"{x},{y}")


def leave(tab: Chrome) -> None:
    """Moves the mouse over the top of the page, and waits until the page has heard of it."""
    move(tab, 300, 300)
    mouse(tab, 300, -8)
    until(tab, lambda: tab.execute_script("return heard.leaves"))


def press(tab: Chrome, held: str = Keys.CONTROL, key: str = "w") -> None:
    ActionChains(tab).key_down(held).send_keys(key).key_up(held).perform()


def let_pass(tab: Chrome, ms: int) -> list[str]:
    """Lets time pass on a page whose clock stands still. Returns all signals up to then."""
    tab.execute_script("pass(arguments[0])", ms)
    return [event.get("signal", event["type"]) for event in seen(tab)]


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


def test_a_mouse_that_stays_out_for_half_a_second_is_one(still: Callable[..., Chrome]) -> None:
    page = still()
    leave(page)
    assert let_pass(page, 499) == []
    assert let_pass(page, 1) == ["pointer_top"]


def test_a_mouse_that_returns_at_once_is_not_a_signal(still: Callable[..., Chrome]) -> None:
    page = still()
    leave(page)
    assert let_pass(page, 499) == []
    move(page, 300, 40)
    assert let_pass(page, 5_000) == []


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
    press(page, *keys)
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


def test_a_tab_that_stays_hidden_sends_only_tab_hidden(page: Chrome, shop: Shop) -> None:
    here = page.current_window_handle
    page.switch_to.new_window("tab")
    until(page, lambda: shop.told == ["hidden", "tab_hidden"])
    page.close()
    page.switch_to.window(here)
    heard(page, "tab_hidden")


def test_a_glance_at_another_tab_is_no_signal(still: Callable[..., Chrome], shop: Shop) -> None:
    page = still()
    here = page.current_window_handle
    page.switch_to.new_window("tab")
    until(page, lambda: shop.told == ["hidden"])
    page.close()
    page.switch_to.window(here)
    until(page, lambda: shop.told == ["hidden", "visible"])
    assert let_pass(page, 10_000) == []


def wheel(tab: Chrome, by: int) -> None:
    ActionChains(tab).scroll_by_amount(0, by).perform()


def far_down(tab: Chrome) -> None:
    """Scrolls down and waits for the scroll event: a busy page merges it with the next one."""
    tab.execute_async_script(
        "const [done] = arguments;"
        "addEventListener('scroll', () => requestAnimationFrame(() => done()), { once: true });"
        "scrollTo(0, 3000)"
    )


def scrolled(tab: Chrome, to: int) -> None:
    """Waits until the page has scrolled there, and has drawn it."""
    until(tab, lambda: tab.execute_script("return Math.round(scrollY)") == to)
    tab.execute_async_script("const [done] = arguments; requestAnimationFrame(() => done())")


def test_a_flick_of_the_wheel_back_up_is_scroll_up(still: Callable[..., Chrome]) -> None:
    page = still()
    far_down(page)
    ActionChains(page).scroll_by_amount(0, -400).scroll_by_amount(0, -400).perform()
    heard(page, "scroll_up")


def touch(tab: Chrome, kind: str, *heights: int) -> None:
    finger = {"type": kind, "touchPoints": [{"x": 300, "y": y} for y in heights]}
    tab.execute_cdp_cmd("Input.dispatchTouchEvent", finger)


def test_a_flick_of_the_finger_back_up_is_scroll_up(still: Callable[..., Chrome]) -> None:
    """The second move is the flick, longer than required."""
    page = still()
    far_down(page)
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    touch(page, "touchStart", 150)
    touch(page, "touchMove", 200)
    touch(page, "touchMove", 750)
    touch(page, "touchEnd")
    heard(page, "scroll_up")


def test_slow_scrolling_up_and_flicks_down_are_not_a_signal(still: Callable[..., Chrome]) -> None:
    page = still()
    wheel(page, 1500)
    scrolled(page, 1500)
    for step in range(1, 7):
        wheel(page, -100)
        scrolled(page, 1500 - 100 * step)
        assert let_pass(page, 500) == []


def test_a_link_back_to_the_top_is_no_signal(still: Callable[..., Chrome]) -> None:
    page = still()
    wheel(page, 200)
    scrolled(page, 200)
    page.execute_script("scrollTo(0, 4000)")
    scrolled(page, 4000)
    let_pass(page, 1_200)
    page.execute_script("scrollTo({ top: 0, behavior: 'smooth' })")
    until(page, lambda: page.execute_script("return scrollY") == 0)
    assert seen(page) == []


def test_another_window_in_front_is_window_blur(
    page: Chrome, shop: Shop, display: str | None
) -> None:
    if display is None:
        pytest.skip("without a display windows have no focus to lose: apt-get install xvfb")
    page.find_element(By.ID, "plain").click()
    here = page.current_window_handle
    page.switch_to.new_window("window")
    until(page, lambda: shop.told)
    page.close()
    page.switch_to.window(here)
    heard(page, "window_blur")


def test_a_click_into_a_frame_of_the_page_is_no_signal(page: Chrome) -> None:
    page.find_element(By.TAG_NAME, "iframe").click()
    settle()
    assert seen(page) == []


def test_a_page_at_rest_is_idle(tab: Chrome, site: str) -> None:
    tab.get(site + '?options={"idle":600,"every":0}')
    assert heard(tab, "idle")["held_ms"] >= 600


def test_a_page_is_idle_once_until_it_is_used_again(still: Callable[..., Chrome]) -> None:
    page = still(idle=600, every=0)
    assert let_pass(page, 599) == []
    assert let_pass(page, 1) == ["idle"]
    assert let_pass(page, 5_000) == ["idle"]
    move(page, 300, 300)
    assert let_pass(page, 600) == ["idle", "idle"]


def test_a_page_in_use_is_not_idle(still: Callable[..., Chrome]) -> None:
    page = still(idle=1500)
    for step in range(10):
        move(page, 300 + step, 300)
        assert let_pass(page, 1_499) == []
    assert let_pass(page, 1) == ["idle"]


def test_what_a_script_does_is_neither_a_use_nor_a_signal(still: Callable[..., Chrome]) -> None:
    page = still(idle=1500, ping=100)
    for step in range(10):
        page.execute_script(
            "scrollTo(0, arguments[0] * 100);"
            "for (const type of ['pointermove', 'keydown', 'blur', 'wheel'])"
            "  dispatchEvent(Object.assign(new Event(type), { key: 'w', ctrlKey: true }))",
            step % 2,
        )
        scrolled(page, 100 * (step % 2))
        assert let_pass(page, 200) == (["idle"] if step >= 7 else [])


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


def test_a_sort_of_signal_is_sent_at_most_once_in_its_period(still: Callable[..., Chrome]) -> None:
    page = still(every=2000)
    for _ in range(3):
        press(page)
    assert let_pass(page, 1_999) == ["close_shortcut"]
    press(page)
    assert let_pass(page, 1) == ["close_shortcut"]
    press(page)
    assert let_pass(page, 0) == ["close_shortcut"] * 2


def test_a_signal_from_a_form_field_does_not_silence_the_next_that_is_none(page: Chrome) -> None:
    for spot in ("field", "plain"):
        page.find_element(By.ID, spot).click()
        press(page)
    assert [event["form_focus"] for event in seen(page)] == [True, False]


def test_a_page_in_use_pings_and_one_at_rest_does_not(still: Callable[..., Chrome]) -> None:
    page = still(ping=1000)
    assert let_pass(page, 1_500) == []
    move(page, 300, 300)
    move(page, 310, 300)
    assert seen(page) == [{"type": "activity.pinged"}]


def test_after_its_end_the_sensor_sends_nothing(still: Callable[..., Chrome]) -> None:
    page = still()
    leave(page)
    page.execute_script("stop()")
    press(page)
    assert let_pass(page, 60_000) == []


def test_the_script_is_a_module_and_a_global_too(page: Chrome) -> None:
    assert page.execute_script("return typeof exitSensor.sense") == "function"
