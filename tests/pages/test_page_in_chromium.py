"""The page in a real browser: it works by keyboard, in both schemes, read aloud, and runs nothing foreign."""

from __future__ import annotations

import json
from functools import cache

import pytest
from page_samples import ATTACKS, full, hostile, page, summary

from pytest_bolt.core.verdict import Verdict
from pytest_bolt.plots.distribution import distribution

HEADER = ("benchmark", "verdict", "base", "head", "change", "smallest effect visible", "device")


@cache
def plain():
    return page(full())


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page from a file, in the light scheme; what it logs and asks for is kept from here on."""

    def open_page(html, scheme="light", fragment=""):
        path = tmp_path / "index.html"
        path.write_text(html, encoding="utf-8")
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get(f"{path.as_uri()}{fragment}")
        return browser

    return open_page


def shown(browser):
    """The names in the table that can be seen, in order."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#verdicts tbody tr')].filter(row => row.checkVisibility())"
        ".map(row => row.cells[0].textContent)"
    )


def focused(browser):
    return browser.execute_script(
        "const e = document.activeElement;"
        "return e.tagName.toLowerCase() + ' ' + (e.getAttribute('aria-labelledby') || e.id || e.value || e.textContent).trim()"
    )


def press(browser, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def ground(browser):
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def figure_ground(browser):
    return browser.execute_script(
        "return getComputedStyle(document.querySelector('svg rect.bolt-f-paper')).fill"
    )


def requests(browser):
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def violations(browser):
    """What axe-core has to say, in one line each."""
    from axe_core_python.selenium import Axe

    found = Axe().run(browser)["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_quiet_in_both_schemes(opened, scheme):
    browser = opened(plain(), scheme)
    browser.execute_script("for (const details of document.querySelectorAll('details')) details.open = true")
    assert ground(browser) == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    assert figure_ground(browser) == ground(browser)
    assert violations(browser) == []
    assert browser.get_log("browser") == []
    assert [url for url in requests(browser) if not url.startswith(("file:", "data:"))] == []


def test_the_accessibility_check_finds_something_where_there_is_something(opened):
    broken = plain().replace('<label for="words">Name contains</label>', "").replace('lang="en"', "")
    found = violations(opened(broken))
    assert {line.partition(":")[0] for line in found} == {"html-has-lang", "label"}


def test_the_filter_narrows_by_words_and_verdicts_and_says_how_many_are_left(opened):
    from selenium.webdriver.support.ui import WebDriverWait

    browser = opened(plain())
    count = browser.find_element("id", "count")
    assert count.text == "8 of 8 benchmarks shown"
    browser.find_element("id", "words").send_keys("A.PY slow")
    assert shown(browser) == ["a.py::test_slower[big-fp32]"]
    assert count.text == "1 of 8 benchmarks shown"
    details = browser.find_elements("css selector", "details")
    assert [each.get_attribute("id") for each in details if each.is_displayed()] == ["benchmark-5"]
    browser.find_element("css selector", "[type=reset]").click()
    WebDriverWait(browser, 30).until(lambda _: len(shown(browser)) == 8)  # the form is empty after the event
    for verdict in Verdict:
        if verdict is not Verdict.SAME:
            browser.find_element("css selector", f"[value={verdict}]").click()
    assert shown(browser) == ["a.py::test_same"]
    assert count.text == "1 of 8 benchmarks shown"
    assert count.get_attribute("aria-live") == "polite"


def test_everything_can_be_done_by_keyboard(opened):
    from selenium.webdriver.common.keys import Keys

    browser = opened(plain())
    press(browser, Keys.TAB)
    assert focused(browser) == "a Skip to the verdicts"
    press(browser, Keys.ENTER, Keys.TAB)
    assert focused(browser) == "input words"
    order = []
    for _ in range(19):
        press(browser, Keys.TAB)
        order.append(focused(browser))
    assert order == [
        *(f"input {verdict}" for verdict in Verdict),
        "button Show all",
        "div verdicts-caption",
        *(f"button {name}" for name in HEADER),
        "a b.py::test_wrong",
        "a b.py::test_refused",
    ]


def test_columns_sort_by_keyboard_numbers_as_numbers(opened):
    from selenium.webdriver.common.keys import Keys

    browser = opened(plain())

    def sort(name):
        button = next(b for b in browser.find_elements("css selector", "thead button") if b.text == name)
        browser.execute_script("arguments[0].focus()", button)
        press(browser, Keys.ENTER)
        header = button.find_element("xpath", "..")
        marked = browser.find_elements("css selector", "[aria-sort]")
        assert marked == [header]
        return header.get_attribute("aria-sort")

    assert sort("head") == "ascending"
    assert shown(browser)[:5] == [
        "b.py::test_new",
        "a.py::test_faster",
        "a.py::test_same",
        "b.py::test_unclear",
        "a.py::test_slower[big-fp32]",
    ]
    assert sort("head") == "descending"
    assert shown(browser)[:2] == ["a.py::test_slower[big-fp32]", "b.py::test_unclear"]
    assert set(shown(browser)[-3:]) == {"b.py::test_wrong", "b.py::test_refused", "b.py::test_gone"}
    assert sort("benchmark") == "ascending"
    assert shown(browser) == sorted(shown(browser))
    assert sort("verdict") == "ascending"
    assert shown(browser)[0] == "b.py::test_wrong"


def test_a_link_opens_the_details_it_leads_to(opened):
    browser = opened(plain(), fragment="#benchmark-7")
    details = browser.find_element("id", "benchmark-7")
    assert details.get_attribute("open") is not None
    browser.find_element("css selector", "a[href='#benchmark-8']").click()
    assert browser.find_element("id", "benchmark-8").get_attribute("open") is not None
    assert "b.py::test_unclear" in browser.execute_script("return document.activeElement.textContent")


def test_on_paper_everything_is_open_and_the_form_is_gone(opened):
    browser = opened(plain())
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 5
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    try:
        assert ground(browser) == figure_ground(browser) == "rgb(255, 255, 255)"
        assert not browser.find_element("id", "filter").is_displayed()
        assert browser.find_element("id", "verdicts").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_hostile_texts_are_shown_and_run_nothing(opened):
    everything = summary(*(c for text in ATTACKS for c in hostile(text).comparisons))
    browser = opened(page(everything, note=" ".join(ATTACKS[:6])))
    assert browser.execute_script("return window.hacked") is None
    assert "t.py::t[<script>window.hacked = 1</script>]" in shown(browser)
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.execute_script("return document.images.length") == 0
    assert browser.get_log("browser") == []
    assert [url for url in requests(browser) if not url.startswith(("file:", "data:"))] == []


def test_what_is_smuggled_in_all_the_same_is_not_run(opened):
    smuggled = '<script>window.hacked = 1</script><img src="https://evil.example/x" onerror="window.hacked = 1"><p style="color:red">'
    browser = opened(plain().replace("<main>", f"<main>{smuggled}"))
    assert browser.execute_script("return window.hacked") is None
    refused = " ".join(entry["message"] for entry in browser.get_log("browser"))
    for directive in ("script-src", "img-src", "style-src"):
        assert directive in refused
    assert len(shown(browser)) == 8


def test_without_javascript_all_of_it_is_there(opened, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(plain())
        assert (
            len(
                [
                    row
                    for row in browser.find_elements("css selector", "#verdicts tbody tr")
                    if row.is_displayed()
                ]
            )
            == 8
        )
        assert not browser.find_element("id", "filter").is_displayed()
        assert browser.find_elements("css selector", "thead button") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize(("scheme", "paper"), [("light", [255, 255, 255]), ("dark", [13, 17, 23])])
def test_a_figure_as_an_image_follows_the_scheme(opened, scheme, paper):
    svg = distribution(full().comparisons[1]).standalone()
    browser = opened("<!DOCTYPE html><meta name='color-scheme' content='light dark'>", scheme)
    pixel = browser.execute_async_script(
        """
        const [svg, done] = arguments;
        const image = new Image();
        image.onload = () => {
            const context = document.createElement("canvas").getContext("2d");
            context.drawImage(image, 0, 0);
            done([...context.getImageData(2, 2, 1, 1).data].slice(0, 3));
        };
        image.onerror = () => done("not an image");
        image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
        document.body.append(image);
        """,
        svg,
    )
    assert pixel == paper
