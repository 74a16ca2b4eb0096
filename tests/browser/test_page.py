"""The calculator's page in a real Chromium, driven through WebDriver.

CALCULATOR_URL names the frontend to use, a deployed one for instance; without it five processes are started
on the loopback address. CALCULATOR_SCREENSHOTS names a directory that gets pictures of the page.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.command import Command
from selenium.webdriver.support.ui import WebDriverWait

from ..unit.calculator.processes import Calculator, Launcher

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
)
# A page on an emulated machine takes its time.
PATIENCE = 60

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="not installed: Debian's packages chromium and chromium-driver"
)


class Page:
    """What a person sees and does."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        browser.get(url)

    def text(self, selector: str) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.browser.find_elements(By.CSS_SELECTOR, selector)]

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, wherever the focus is."""
        self.browser.switch_to.active_element.send_keys(*keys)

    def click(self, *keys: str) -> None:
        """Click on the page's own keys."""
        for key in keys:
            self.browser.find_element(By.XPATH, f"//button[normalize-space()='{key}']").click()

    def wait_for(self, selector: str, text: str) -> None:
        WebDriverWait(self.browser, PATIENCE).until(
            lambda _: text in self.text(selector), f"{selector} never showed {text!r}: {self.text('main')}"
        )

    def value(self) -> str:
        return str(self.browser.find_element(By.ID, "expression").get_property("value"))

    def picture(self, name: str) -> None:
        if directory := os.environ.get("CALCULATOR_SCREENSHOTS"):
            self.browser.save_screenshot(str(Path(directory) / f"{name}.png"))

    def complaints(self) -> list[str]:
        """Return what the console shows, but for the network's word on a status that a test asked for."""
        entries = self.browser.execute(Command.GET_LOG, {"type": "browser"})["value"]
        return [entry["message"] for entry in entries if entry["source"] != "network"]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calculator | None]:
    if os.environ.get("CALCULATOR_URL"):
        yield None
        return
    launcher = Launcher(tmp_path_factory.mktemp("calculator"))
    try:
        yield launcher.calculator()
    finally:
        launcher.stop()


@pytest.fixture(scope="module")
def url(local: Calculator | None) -> str:
    return local.frontend.url if local else os.environ["CALCULATOR_URL"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, "--window-size=1100,900"):
        options.add_argument(flag)
    browser = Chrome(options=options, service=ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def page(browser: Chrome, url: str) -> Iterator[Page]:
    page = Page(browser, url)
    yield page
    assert page.complaints() == []


def test_an_expression_typed_on_the_keyboard(page: Page) -> None:
    page.press("(5+6)*2", Keys.ENTER)
    page.wait_for("#result", "22")
    first, second = page.texts("#steps li")
    assert "5 + 6 = 11" in first
    assert "sum at http://" in first
    assert f"11 {TIMES} 2 = 22" in second
    assert "mul at http://" in second
    page.wait_for("#services", "up")
    page.picture("result")


def test_an_expression_clicked_on_the_page(page: Page) -> None:
    page.click("8", "÷", "(", "1", MINUS, "3", "1", "⌫", ")", "=")
    page.wait_for("#result", f"{MINUS}4")
    assert page.value() == "8/(1-3)"
    assert f"8 ÷ ({MINUS}2) = {MINUS}4" in page.texts("#steps li")[1]


def test_a_number_needs_no_service(page: Page) -> None:
    page.press("5", Keys.ENTER)
    page.wait_for("#result", "5")
    assert "A number needs no service." in page.text("main")


def test_a_mistake_is_shown_where_it_is(page: Page) -> None:
    page.press("(5+6*2", Keys.ENTER)
    page.wait_for("#error", "at character 7: expected an operator or ')', found the end")
    assert page.text("#error mark") == "␣"
    assert page.text("#result") == ""
    page.picture("mistake")
    page.press(")", Keys.ENTER)
    page.wait_for("#result", "17")
    assert page.text("#error") == ""


def test_what_is_typed_never_becomes_markup(page: Page) -> None:
    page.press("1<img src=x>", Keys.ENTER)
    page.wait_for("#error", "at character 2: '<' has no meaning here")
    assert page.texts("#error img") == []


def test_escape_clears(page: Page) -> None:
    page.press("1/0", Keys.ENTER)
    page.wait_for("#result", "Infinity")
    page.press(Keys.ESCAPE)
    assert page.value() == ""
    assert page.text("#result") == ""
    assert page.texts("#steps li") == []


def test_every_key_is_reached_and_named(page: Page) -> None:
    """With Tab alone from the field through all keys to equals, each with a name a screen reader can say."""
    page.press("6*7")
    buttons = page.browser.find_elements(By.TAG_NAME, "button")
    for button in buttons:
        page.press(Keys.TAB)
        assert page.browser.switch_to.active_element == button
        assert button.accessible_name
    page.press(Keys.ENTER)
    page.wait_for("#result", "42")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1100, "dark")])
def test_it_fits_a_telephone_and_the_dark(page: Page, width: int, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.press("-(1+2)*3/7", Keys.ENTER)
    page.wait_for("#result", f"{MINUS}1.2857142857142858")
    page.picture(f"{scheme}-{width}")
    widest = page.browser.execute_script("return document.documentElement.scrollWidth")
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert widest <= width


def test_a_service_that_is_down_is_named(page: Page, local: Calculator | None) -> None:
    if local is None:
        pytest.skip("services of a deployed calculator are not stopped here")
    local.services["mul"].stop()
    page.press("(5+6)*2", Keys.ENTER)
    page.wait_for("#error", f"the service mul failed: {local.services['mul'].url}: connection refused")
    page.browser.refresh()
    page.wait_for("#services .down", "connection refused")
    page.picture("down")
    local.services["mul"].start()
