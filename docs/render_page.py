"""Write the picture of a page in `how-to/`: `python docs/render_page.py [STORE RUN]`.

The run is the one in `how-to/images/example-run.json`; with a store and the id of a run, that one is kept
there first. BOLT_TEST_CHROMIUM names the browser, as `bash .ci/chromium` prints it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.record import Summary
from pytest_bolt.pages import HISTORY_RUNS, write_page
from pytest_bolt.reports import json_report
from pytest_bolt.reports.json_codec import decode, encode
from pytest_bolt.stores.store import open_store

IMAGES = Path(__file__).parent / "how-to" / "images"
EXAMPLE = IMAGES / "example-run.json"
PICTURE = IMAGES / "page.png"
WIDTH, HEIGHT = 1240, 1180
_PRIVATE = frozenset({"host", "kernel", "load", "process"})  # of the machine that it was measured on
_POINTS = tuple[HistoryPoint, ...]


class Example:
    """A stored run and the past of its benchmarks, in the place of a store."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.summary: Summary = json_report.parse(json.dumps(document["report"]))
        self._past = document["history"]

    def history(self, case_key: str, *_: object) -> tuple[HistoryPoint, ...]:
        """Return the past of a benchmark."""
        found: tuple[HistoryPoint, ...] = decode(_POINTS, self._past.get(case_key, []))
        return found


def keep(store_name: str, run_id: str) -> None:
    """Write a stored run into the example."""
    with open_store(store_name, read_only=True) as store:
        summary = store.summary(run_id)
        mark = summary.run.environment.fingerprint
        keys = [comparison.case.case_id.key for comparison in summary.comparisons]
        past = {key: encode(_POINTS, store.history(key, mark, HISTORY_RUNS)) for key in keys}
    report = json.loads(json_report.render(summary))
    facts = report["run"]["environment"]["facts"]
    report["run"]["environment"]["facts"] = {name: facts[name] for name in facts if name not in _PRIVATE}
    document = {"report": report, "history": past}
    EXAMPLE.write_text(json.dumps(document, indent=1) + "\n")


def take_picture(page: Path) -> None:
    """Open the page as a reader would, and keep what is seen first."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser = os.environ.get("BOLT_TEST_CHROMIUM") or sys.exit("BOLT_TEST_CHROMIUM names no browser")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(switch)
    driver = webdriver.Chrome(options=options, service=Service(str(Path(browser).with_name("chromedriver"))))
    try:
        metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get(page.as_uri())
        driver.save_screenshot(str(PICTURE))
    finally:
        driver.quit()


def main(arguments: list[str]) -> None:
    """Keep the run that was named, if one was; take the picture."""
    if arguments:
        keep(*arguments)
    example = Example(json.loads(EXAMPLE.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        take_picture(write_page(Path(folder), example.summary, example))


if __name__ == "__main__":
    main(sys.argv[1:])
