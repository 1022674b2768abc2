"""One headless browser for all tests of a page, never on the network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHROMIUM = "BOLT_TEST_CHROMIUM"
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # which root has to do without
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium, driven by the driver that lies beside it."""
    path = os.environ.get(CHROMIUM)
    if not path:
        message = f"{CHROMIUM} names no browser; `bash .ci/chromium` finds or installs one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = path
    for switch in (*_SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(Path(path).with_name("chromedriver"))))
    yield driver
    driver.quit()
