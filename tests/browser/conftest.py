"""A real Chromium, driven by Selenium: in its own display (Xvfb) if available, else headless."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
XVFB = shutil.which("Xvfb")


@pytest.fixture(scope="session")
def display() -> Iterator[str | None]:
    """DISPLAY of a virtual screen; None without Xvfb."""
    if XVFB is None:
        yield None
        return
    heard, said = os.pipe()
    command = [XVFB, "-displayfd", str(said), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
    screen = subprocess.Popen(command, pass_fds=[said], stderr=subprocess.DEVNULL)
    os.close(said)
    try:
        with os.fdopen(heard) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        screen.terminate()
        screen.wait()


@pytest.fixture(scope="session")
def chromium(display: str | None) -> Iterator[webdriver.Chrome]:
    """One browser for the whole run; `tab` gives each test a clean tab."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    quiet = ("--disable-quic", "--disable-background-networking", "--disable-component-update")
    alone = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage")
    for flag in (*alone, *quiet, "--disable-sync"):
        options.add_argument(flag)
    if display is None:
        options.add_argument("--headless=new")
    environment = {**os.environ, **({"DISPLAY": display} if display else {})}
    driver = webdriver.Chrome(options=options, service=Service(DRIVER, env=environment))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def tab(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser in a new tab of 1200 × 900, without cookies, storage or history."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    chromium.set_window_size(1200, 900)
    chromium.execute_cdp_cmd(
        "Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "cookies,local_storage"}
    )
    try:
        yield chromium
    finally:
        for window in chromium.window_handles:
            if window != first:
                chromium.switch_to.window(window)
                chromium.close()
        chromium.switch_to.window(first)
