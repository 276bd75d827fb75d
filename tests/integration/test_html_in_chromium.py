"""The page in a browser: everything that a script does, and that nothing is complained of."""

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from tests.bad_input.hostile import WORDS, hostile
from tests.render.reports import curve, everything, leaf, record, tensor

import gradproof as gp
from gradproof.render.html import render

pytestmark = pytest.mark.integration
NASTY = "w'</script><script>document.title = 'broken'</script>\"<b>\u202e"


def program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found is not None, (
        f"none of {', '.join(names)} is installed; with Debian: "
        "apt-get install chromium chromium-driver"
    )
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    options.add_argument("--headless=new")
    options.add_argument("--window-size=1200,900")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # it does not work for root
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    yield driver
    driver.quit()


class Browser:
    """A page in the browser, and what one does with it."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def open(
        self, reports: Mapping[str, gp.Report], *, width: int = 1200, dark: bool = False
    ) -> None:
        path = self.folder / "report.html"
        path.write_text(render(reports, title="Gradients"), encoding="utf-8")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.driver.get("about:blank")
        self.driver.get(path.as_uri())

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def column(self, number: int, table: str = "leaves") -> list[str]:
        script = (
            "return [...document.querySelectorAll(`[data-table=${arguments[0]}] tbody tr`)]"
            ".filter((row) => row.offsetParent).map((row) => row.cells[arguments[1]].innerText)"
        )
        return list(self.run(script, table, number))

    def names(self, table: str = "leaves") -> list[str]:
        return [text.split("\n")[0].removesuffix("map").strip() for text in self.column(0, table)]

    def until(self, condition: Callable[[], Any]) -> None:
        WebDriverWait(self.driver, 10).until(lambda _: condition())

    def keys(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def head(self, title: str, table: str = "leaves") -> WebElement:
        heads = self.all(f"[data-table={table}] th")
        return next(head for head in heads if head.text.strip() == title)

    def complaints(self) -> list[str]:
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry) for entry in log]


@pytest.fixture
def browser(chromium: webdriver.Chrome, tmp_path: Path) -> Iterator[Browser]:
    page = Browser(chromium, tmp_path)
    page.complaints()
    yield page
    assert page.complaints() == []
    page.command("Emulation.clearDeviceMetricsOverride")


def network() -> gp.Report:
    """A report whose every part is drawn."""
    leaves = (
        leaf("W1", (12, 24), gp.Verdict.FAIL),
        leaf("b1", (12,)),
        leaf("W2", (3, 12), gp.Verdict.INCONCLUSIVE),
        dataclasses.replace(leaf("b2", (3,)), discrepancy=3e-7),
        leaf("big", (900, 700), gp.Verdict.FAIL),
    )
    big = tensor("big", (900, 700), off_at=500_123)
    tensors = (tensor("W1", (12, 24), off_at=79), tensor("b1", (12,)), big)
    return record(
        verdict=gp.Verdict.FAIL,
        headline="2 of 5 tensors are wrong",
        leaves=leaves,
        tensors=tensors,
        curves=(curve("W1[3, 7]"),),
        causes=everything("W1").causes,
    )


def test_sorting(browser: Browser) -> None:
    browser.open({"network": network()})
    assert browser.names() == ["W1", "b1", "W2", "b2", "big"]
    head = browser.head("Verdict")
    head.find_element(By.TAG_NAME, "button").click()
    assert browser.names() == ["W1", "big", "W2", "b1", "b2"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.find_element(By.TAG_NAME, "button").click()
    assert browser.names() == ["b1", "b2", "W2", "W1", "big"]
    assert head.get_attribute("aria-sort") == "descending"
    other = browser.head("Resolution")
    other.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert browser.names()[-2:] == ["W1", "big"], "what has no number comes last"
    browser.head("Shape").find_element(By.TAG_NAME, "button").click()
    assert browser.names() == ["b2", "b1", "W2", "W1", "big"]


def test_what_the_script_draws_is_what_was_there(browser: Browser) -> None:
    browser.open({"network": network()})
    before = [browser.column(i) for i in range(8)]
    box = browser.one("[data-table=leaves] input")
    box.send_keys("zz")
    assert browser.column(0) == []
    assert "Nothing matches" in browser.text("[data-table=leaves] [role=status]")
    box.send_keys(Keys.BACKSPACE, Keys.BACKSPACE)
    browser.until(lambda: len(browser.column(0)) == 5)
    assert [browser.column(i) for i in range(8)] == before


def test_filtering(browser: Browser) -> None:
    browser.open({"network": network()})
    chips = browser.all("[data-table=leaves] .chip")
    assert [chip.text for chip in chips] == ["FAIL 2", "undecided 1", "pass 2"]
    chips[0].click()
    assert browser.names() == ["W1", "big"]
    assert chips[0].get_attribute("aria-pressed") == "true"
    chips[1].click()
    assert browser.names() == ["W1", "W2", "big"]
    box = browser.one("[data-table=leaves] input")
    box.send_keys("w")
    browser.until(lambda: browser.names() == ["W1", "W2", "big"])
    box.send_keys("2")
    browser.until(lambda: browser.names() == ["W2"])


@pytest.mark.parametrize("allowed", [True, False])
def test_a_click_copies_the_address(browser: Browser, allowed: bool) -> None:
    browser.open({NASTY: everything(NASTY)})
    if not allowed:  # as in a browser without a clipboard for files
        browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    browser.run(
        "document.addEventListener('copy', () => { window.copied = String(getSelection()) })"
    )
    button = browser.one("[data-table=culprits] .copy")
    button.click()
    browser.until(lambda: "Copied" in browser.text("#said"))
    assert button.text == f"{NASTY[:-1]}\\u202e[1, 2]"
    assert browser.text("#said") == f"Copied {button.text}"
    if not allowed:
        assert browser.run("return window.copied") is not None
    assert browser.driver.title == "Gradients"


def test_pointing_at_a_map_reads_it(browser: Browser) -> None:
    browser.open({"network": network()})
    figure = browser.one("figure.map")
    canvas = figure.find_element(By.TAG_NAME, "canvas")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", canvas)
    wide, high = canvas.size["width"], canvas.size["height"]
    ActionChains(browser.driver).move_to_element_with_offset(
        canvas, int(wide / 24 * 7.5 - wide / 2), int(high / 12 * 3.5 - high / 2)
    ).perform()
    read = figure.find_element(By.CSS_SELECTOR, ".reading").text.split()
    whole = " ".join(read)
    one = network().tensors[0]
    assert whole.startswith("W1[3, 7] claimed ")
    assert f"claimed +{one.claimed[3, 7]:.6g}" in whole
    assert f"measured +{one.measured[3, 7]:.6g}" in whole
    assert "difference +0.25" in whole
    assert "2.5e+06 bars" in whole
    canvas.click()
    browser.until(lambda: browser.text("#said").startswith("Copied W1["))


def test_the_keys_read_a_map(browser: Browser) -> None:
    browser.open({"network": network()})
    canvas = browser.one("figure.map canvas")
    browser.run("arguments[0].focus()", canvas)

    def reading() -> str:
        return browser.text("figure.map .reading")

    assert reading().startswith("W1[3, 7]"), "the worst component has the first look"
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert reading().startswith("W1[5, 8]")
    before = browser.run("return arguments[0].toDataURL()", canvas)
    browser.keys("+", "+")
    zoomed = browser.run("return arguments[0].toDataURL()", canvas)
    assert zoomed != before
    browser.keys(*[Keys.ARROW_LEFT] * 20)
    assert reading().startswith("W1[5, 0]")
    assert browser.run("return arguments[0].toDataURL()", canvas) != zoomed, "the view follows"
    browser.keys("0")
    browser.keys(Keys.ENTER)
    browser.until(lambda: browser.text("#said") == "Copied W1[5, 0]")


def test_wheel_and_buttons_zoom_and_dragging_moves(browser: Browser) -> None:
    browser.open({"network": network()})
    canvas = browser.one("figure.map canvas")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", canvas)

    def picture() -> Any:
        return browser.run("return arguments[0].toDataURL()", canvas)

    def wheel(by: int) -> Any:
        return browser.run(
            "const event = new WheelEvent('wheel', {deltaY: arguments[1], cancelable: true});"
            "return arguments[0].dispatchEvent(event)",
            canvas,
            by,
        )

    whole = picture()
    assert wheel(-100), "the page scrolls as long as the map has no focus"
    assert picture() == whole
    browser.one("figure.map [aria-label='Zoom in']").click()
    zoomed = picture()
    assert zoomed != whole
    browser.run("arguments[0].focus()", canvas)
    assert not wheel(-100)
    assert picture() != zoomed
    before = picture()
    ActionChains(browser.driver).click_and_hold(canvas).move_by_offset(60, 30).release().perform()
    assert picture() != before
    assert "Copied" not in browser.text("#said"), "a drag is no click"


def test_a_reduced_map_leads_to_the_component(browser: Browser) -> None:
    browser.open({"network": network()})
    next(one for one in browser.all("button.to-map") if "big" in str(one.accessible_name)).click()
    browser.until(lambda: browser.run("return document.activeElement.tagName") == "CANVAS")
    reading = browser.run(
        "return document.activeElement.closest('figure').querySelector('.reading').innerText"
    )
    row, column = np.unravel_index(500_123, (900, 700))
    assert reading.startswith(f"big[{row}, {column}]")
    assert "worst of" in browser.run(
        "return document.activeElement.closest('figure').querySelector('figcaption').innerText"
    )


def test_dark_and_light(browser: Browser) -> None:
    def ground() -> str:
        return str(browser.run("return getComputedStyle(document.body).backgroundColor"))

    browser.open({"network": network()}, dark=True)
    browser.run("localStorage.clear()")
    browser.open({"network": network()}, dark=True)
    dark = ground()
    canvas = browser.one("figure.map canvas")
    before = browser.run("return arguments[0].toDataURL()", canvas)
    assert browser.one("#theme").accessible_name == "Use light colours"
    browser.one("#theme").click()
    light = ground()
    assert (dark, light) == ("rgb(20, 23, 26)", "rgb(251, 251, 249)")
    assert browser.run("return arguments[0].toDataURL()", canvas) != before
    assert browser.one("#theme").accessible_name == "Use dark colours"
    browser.open({"network": network()}, dark=True)
    assert ground() == light, "the choice is remembered"
    browser.run("localStorage.clear()")
    browser.open({"network": network()})
    assert ground() == light


def test_paper_is_white_and_shows_all(browser: Browser) -> None:
    browser.open({"network": network()}, dark=True)
    canvas = browser.one("figure.map canvas")
    on_screen = browser.run("return arguments[0].toDataURL()", canvas)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    on_paper = browser.run("return arguments[0].toDataURL()", canvas)
    assert on_paper != on_screen
    assert browser.one("details .page").is_displayed()
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("return arguments[0].toDataURL()", canvas) == on_screen
    browser.command("Emulation.setEmulatedMedia", media="print")
    assert not browser.one("#theme").is_displayed()
    assert browser.run("return getComputedStyle(document.body).color") == "rgb(29, 32, 36)"
    browser.command("Emulation.setEmulatedMedia", media="")


def test_without_a_script_the_answer_is_there(browser: Browser) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open({"right": record(), "network": network()})
    browser.command("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.names("index") == ["network", "right"]
    browser.one("[data-table=index] a").click()
    browser.until(lambda: browser.one("#r1").is_displayed())
    assert not browser.one("#problems").is_displayed()
    assert browser.names() == ["W1", "b1", "W2", "b2", "big"]
    assert not browser.one("[data-table=leaves] .tools").is_displayed()


def test_the_keyboard_reaches_everything(browser: Browser) -> None:
    browser.open({"network": network()})
    browser.keys(Keys.TAB)
    assert browser.run("return document.activeElement.innerText") == "Skip to the answer"
    assert browser.one(".skip").rect["x"] >= 0
    browser.keys(Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "main"
    seen = set()
    for _ in range(80):
        browser.keys(Keys.TAB)
        if browser.run("return document.activeElement === document.body"):
            break  # behind the last one
        seen.add(browser.run("return document.activeElement.outerHTML.slice(0, 40)"))
        outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    for part in (
        "<input",
        '<button type="button" class="sort"',
        "<summary",
        "<canvas",
        "<button class",
    ):
        assert any(one.startswith(part) for one in seen), part
    details = browser.one("details")
    browser.run("arguments[0].querySelector('summary').focus()", details)
    browser.keys(Keys.ENTER)
    assert details.get_attribute("open") is not None


def test_an_index_opens_its_reports(browser: Browser) -> None:
    reports = {f"problem {n}": record() for n in range(3)} | {NASTY: everything(NASTY)}
    browser.open(reports)
    assert browser.names("index")[0].startswith("w'</script>")
    assert not any(one.is_displayed() for one in browser.all("article"))
    browser.one("[data-table=index] a").click()
    browser.until(lambda: browser.one("#r3").is_displayed())
    assert not browser.one("#problems").is_displayed()
    assert browser.run("return document.activeElement.id") == "r3-headline"
    assert len(browser.all("#r3 canvas")) == 2
    browser.run("document.querySelector('.skip').click()")
    assert browser.run("return document.activeElement.id") == "main"
    assert browser.one("#r3").is_displayed()
    browser.driver.back()
    browser.until(lambda: browser.one("#problems").is_displayed())
    assert not browser.one("#r3").is_displayed()
    browser.head("Evaluations", "index").find_element(By.TAG_NAME, "button").click()
    assert browser.driver.title == "Gradients"


def test_thousands_of_problems(browser: Browser) -> None:
    leaves = tuple(leaf(f"w{i}", verdict=gp.Verdict.FAIL) for i in range(10))
    one = dataclasses.replace(everything(NASTY), leaves=leaves)
    reports = {f"problem {n}": one for n in range(1000)}
    browser.open(reports)
    assert browser.names("index")[0] == "problem 0"
    # What a browser has to hold is what it takes long for.
    assert browser.run("return document.querySelectorAll('*').length") < 5_000
    browser.one("[data-table=index] input").send_keys("problem 777")
    browser.until(lambda: browser.names("index") == ["problem 777"])
    browser.one("[data-table=index] a").click()
    browser.until(lambda: browser.one("#r777").is_displayed())
    assert browser.run("return document.activeElement.id") == "r777-headline"
    assert len(browser.all("#r777 canvas")) == 2
    assert len(browser.all("#r777 [data-table=leaves] tbody tr")) == 10
    assert browser.driver.title == "Gradients"


def test_a_hundred_thousand_findings(browser: Browser) -> None:
    many = [leaf(f"layers[{i}].weight") for i in range(100_000)]
    many[77_777] = leaf("layers[77777].weight", verdict=gp.Verdict.FAIL)
    browser.open({"many": record(leaves=tuple(many))})
    assert browser.names()[0] == "layers[77777].weight"
    browser.head("Tensor").find_element(By.TAG_NAME, "button").click()
    assert browser.names()[:3] == [f"layers[{i}].weight" for i in range(3)]
    browser.one("[data-table=leaves] input").send_keys("99999")
    browser.until(lambda: browser.names() == ["layers[99999].weight"])
    browser.one("[data-table=leaves] input").send_keys(*[Keys.BACKSPACE] * 5)
    browser.until(lambda: len(browser.names()) == 50)
    browser.one("[data-go=last]").click()
    assert browser.names()[-1] == "layers[99999].weight"
    assert browser.text("[data-table=leaves] [role=status]") == "99,951–100,000 of 100,000"
    assert browser.run("return document.querySelectorAll('*').length") < 2_000


@pytest.mark.parametrize(
    ("width", "dark"), [(1200, False), (1200, True), (390, False), (320, True)]
)
def test_it_fits_and_draws_something(browser: Browser, width: int, dark: bool) -> None:
    browser.open({"network": network()}, width=width, dark=dark)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    widths = browser.run(
        "return [...document.querySelectorAll('canvas, svg')].map((c) => c.getBoundingClientRect().right)"
    )
    assert max(widths) <= width
    colors = browser.run(
        "const c = document.querySelector('canvas');"
        "const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const all = new Set(); for (let i = 0; i < p.length; i += 4) all.add(p[i] * 65536 + p[i + 1] * 256 + p[i + 2]);"
        "return all.size"
    )
    assert colors >= 3
    picture = browser.driver.get_screenshot_as_png()
    assert len(picture) > 15_000
    assert int.from_bytes(picture[16:20], "big") == width


def test_hostile_reports_run_no_script_and_make_no_element(browser: Browser) -> None:
    """What an attacker gains is looked for after everything was opened, sorted and filtered."""
    tags = []
    for words in (dict.fromkeys(WORDS, "harmless"), WORDS):
        browser.open({f"{word}{k}": hostile(word) for k, word in enumerate(words.values())})
        for place in browser.run("return [...document.querySelectorAll('a')].map((a) => a.hash)"):
            browser.run("location.hash = arguments[0]", place)
        browser.run(
            "for (const one of document.querySelectorAll('.sort, .chip, summary, .more')) one.click();"
            "for (const box of document.querySelectorAll('input[type=search]')) {"
            "  box.value = 'a'; box.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
        found = browser.run(
            "return [...document.querySelectorAll('*')].map((e) =>"
            " [e.tagName, [...e.attributes].map((a) => a.name), e.getAttribute('href')])"
        )
        assert not any(name.startswith("on") for _, names, _ in found for name in names)
        assert all(link is None or link.startswith("#") or link == "data:," for *_, link in found)
        assert browser.run("return document.title") == "Gradients"
        tags.append({tag for tag, _, _ in found})
        scripts = [tag for tag, _, _ in found if tag == "SCRIPT"]
        assert len(scripts) == 2 + len(words)  # one for each report, one for their list, our own
    assert tags[1] <= tags[0]
