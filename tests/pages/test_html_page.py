"""The page as a file: what is on it, what cannot be smuggled into it, and what it asks for (nothing)."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest
from page_samples import ATTACKS, Outline, compared, every_verdict, full, hostile, many, page, summary

from pytest_bolt.core.comparison import FOUND_MODE
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import BASELINE_MODE, Revision
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports import html_page

TEMPLATES = files("pytest_bolt.reports").joinpath("templates")
STYLE = TEMPLATES.joinpath("page.css").read_text()
SCRIPT = TEMPLATES.joinpath("page.js").read_text()


@cache
def plain() -> Outline:
    return Outline(page(full()))


class TestWithoutJavaScript:
    def test_every_benchmark_is_a_row_most_severe_first(self):
        names = [text for text in plain().text_of("th", scope="row") if text.startswith(("a.py", "b.py"))]
        assert names == [
            "b.py::test_wrong",
            "b.py::test_refused",
            "b.py::test_gone",
            "b.py::test_new",
            "a.py::test_slower[big-fp32]",
            "a.py::test_faster",
            "a.py::test_same",
            "b.py::test_unclear",
        ]

    def test_the_filter_is_hidden_until_it_works(self):
        assert [form["id"] for form in plain().all("form") if "hidden" in form] == ["filter"]
        assert "button" not in [tag for tag, attrs in plain().elements if attrs.get("type") != "reset"]

    def test_each_row_leads_to_its_details(self):
        targets = {attrs["id"] for attrs in plain().all("details")}
        links = {href[1:] for href in plain().attributes("href") if href.startswith("#benchmark-")}
        assert links == targets
        assert len(links) == 8

    def test_what_needs_a_look_is_open(self):
        opened = [attrs["id"] for attrs in plain().all("details") if "open" in attrs]
        assert opened == ["benchmark-1", "benchmark-5", "benchmark-6"]

    def test_numbers_are_sorted_as_numbers(self):
        header = {
            text.strip(): attrs["data-sort"]
            for text, attrs in zip(
                plain().text_of("th", scope="col"), plain().all("th", scope="col"), strict=True
            )
            if "data-sort" in attrs
        }
        assert header == {
            "benchmark": "text",
            "verdict": "number",
            "base": "number",
            "head": "number",
            "change": "number",
            "smallest effect visible": "number",
            "device": "text",
        }
        values = [attrs["data-value"] for attrs in plain().all("td") if "data-value" in attrs]
        assert len(values) == 8 * 6
        for row in range(8):
            for value in values[6 * row : 6 * row + 5]:
                assert value == "" or float(value) >= 0


def test_the_page_says_what_was_compared_how_and_where():
    text = "".join(plain().text_of("body"))
    for words in (
        "feature/fused compared with main",
        "1 incorrect, 1 incomparable, 1 missing, 1 new, 1 slower, 1 faster, 1 same, 1 inconclusive of 8",
        "4 of 8 judged, 1 incomparable, 1 missing, 1 new, 1 inconclusive",
        "abcdef0123" * 4,
        "0123456789" * 4,
        "with changes that are in no commit, hash d1ffd1ff",
        "null control, base against base: +0.1 % [-0.8, +1.2], 9 values of 3 benchmarks; noise floor 1.2 %",
        "smallest effect that could have been seen: 3 %",
        "the cache was cleaned",
        "one pass instead of three",
        "test_faster: time <= 0.95x base",
        "pytest --bolt-compare=main -k 'a or b'",
        f"git checkout {'abcdef0123' * 4}",
        f"pytest --bolt-compare={'0123456789' * 4}",
        "pytest-bolt show 0a1b2c3d4e5f",
        "Imaginary 9",
        "page faults disagree",
        "all zeros",
        "final loss",
        "WORSE",
        "Philosophical Note",
    ):
        assert words in text, words


def test_each_told_benchmark_has_its_distribution_and_the_run_its_overview():
    assert len(plain().all("svg", role="img")) == 1 + 4
    titles = plain().text_of("title")
    assert "Change of a.py::test_slower[big-fp32]" in titles
    assert not any("test_wrong" in title for title in titles)


def test_a_wrong_answer_shows_no_time_anywhere():
    wrong = [c for c in every_verdict() if c.verdict is Verdict.INCORRECT]
    for html in (page(summary(*wrong)), page(full())):
        found = Outline(html)
        told = " ".join([*found.text_of("body"), *found.text_of("svg"), *found.attributes("data-value")])
        assert "all zeros" in told
        for number in ("12.3", "45.6", "12300000", "45600000", "12.3 ms", "3.7", "270", "secret"):
            assert number not in told.replace(SCRIPT, ""), number


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_hostile_text_is_text(text):
    html = page(hostile(text), note=text)
    html.encode()
    found = Outline(html)
    assert found.unbalanced == []
    assert found.comments == []
    assert found.tags() - plain().tags() <= {"strong", "em", "s", "details", "summary"}
    assert found.text_of("script") == [SCRIPT]
    assert len(found.all("style")) == 1
    assert not [name for _, attrs in found.elements for name in attrs if name.startswith("on")]
    assert {"src", "style", "action", "formaction", "srcset", "xlink:href"}.isdisjoint(
        {name for _, attrs in found.elements for name in attrs}
    )
    assert {href for href in found.attributes("href") if not href.startswith("#")} == {"data:,"}
    assert len(found.all("h1")) == 1
    names = found.text_of("code", **{"class": "id"})
    assert one_line(f"t.py::t[{text}]") in names
    assert one_line(text) in names
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\u200b\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", _without_breaks(html)
    )


def test_the_longest_name_is_in_the_page_once():
    name = "t[" + "y" * 10_000 + "]"
    html = html_page.render(summary(compared(name, Verdict.SLOWER, 1.2)))
    assert html.count("y" * 10_000) == 1


class TestPolicy:
    def test_only_what_is_in_the_file_may_run(self):
        (policy,) = [attrs["content"] for attrs in plain().all("meta") if "http-equiv" in attrs]
        parts = dict(part.split(" ", 1) for part in policy.split("; "))
        assert parts == {
            "default-src": "'none'",
            "style-src": f"'{_digest(plain().text_of('style')[0])}'",
            "script-src": f"'{_digest(SCRIPT)}'",
            "img-src": "data:",
            "base-uri": "'none'",
            "form-action": "'none'",
        }

    def test_nothing_is_asked_of_anywhere(self):
        html = page(full())
        assert not re.search(
            r"url\(|@import|\ssrc=|<link(?! rel=\"icon\" href=\"data:,\")|<iframe|<object|<base", html
        )
        assert set(re.findall(r"https?://[^\s\"<]+", html)) == {"http://www.w3.org/2000/svg"}

    def test_neither_file_could_end_its_element(self):
        assert "</" not in STYLE
        assert "</" not in SCRIPT


class TestAccessibility:
    def test_landmarks_and_names(self):
        for tag in ("header", "nav", "main", "footer"):
            assert len(plain().all(tag)) == 1, tag
        labels = {attrs["aria-labelledby"] for attrs in plain().all("section")}
        assert labels <= set(plain().attributes("id"))
        assert len(labels) == len(plain().all("section"))
        assert plain().all("html")[0]["lang"] == "en"

    def test_ids_are_unique_and_links_lead_somewhere(self):
        ids = plain().attributes("id")
        assert len(ids) == len(set(ids))
        assert {href[1:] for href in plain().attributes("href") if href.startswith("#")} <= set(ids)

    def test_headings_go_down_one_step_at_a_time(self):
        levels = [int(tag[1]) for tag, _ in plain().elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels))

    def test_tables_have_captions_and_the_count_is_announced(self):
        entry = plain().text_of("article").pop()
        assert len(plain().all("caption")) == len(plain().all("table")) - ("Metric" in entry)
        assert plain().all("span", role="status")[0]["aria-live"] == "polite"
        labelled = {attrs["for"] for attrs in plain().all("label") if "for" in attrs}
        assert labelled == {attrs["id"] for attrs in plain().all("input") if "id" in attrs}

    def test_figures_have_names_and_symbols_are_not_read_out(self):
        assert plain().text_of("svg", role="img")
        symbols = plain().text_of("span", **{"aria-hidden": "true"})
        assert len(symbols) == 16
        assert all(len(symbol) == 1 for symbol in symbols)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_contrast(self, scheme):
        colours = _variables(scheme)
        texts = [name for name in colours if name not in {"paper", "panel", "rule"}]
        assert len(texts) == 9
        low = {
            (text, ground): round(contrast, 2)
            for text in texts
            for ground in ("paper", "panel")
            if (contrast := _contrast(colours[text], colours[ground])) < 4.5
        }
        assert low == {}

    def test_every_colour_is_one_of_these(self):
        rules = re.sub(r"--[a-z]+: #[0-9a-f]{6};", "", STYLE)
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rules)


class TestOtherRuns:
    def test_nothing_compared(self):
        found = Outline(html_page.render(summary()))
        assert "No benchmark was compared." in "".join(found.text_of("main"))
        assert not found.all("table")

    def test_without_a_base_or_a_repository(self):
        html = html_page.render(
            summary(
                compared("a", Verdict.NEW, mode="measure"), base=None, head=Revision(commit=""), control=None
            )
        )
        text = "".join(Outline(html).text_of("body"))
        assert "git checkout" not in text
        assert "no repository" in text

    def test_against_a_baseline_the_speedup_is_shown(self):
        faster = compared("a", Verdict.FASTER, 0.5, mode=BASELINE_MODE, notes={"baseline": "framework"})
        found = Outline(html_page.render(summary(faster, mode=BASELINE_MODE)))
        assert "speedup" in [text.strip() for text in found.text_of("th", scope="col")]
        assert "2.00x [1.94, 2.06]" in "".join(found.text_of("table"))
        assert [attrs["data-value"] for attrs in found.all("td")][3] == "2"

    def test_what_tests_found_by_themselves_has_a_table_of_its_own(self):
        metric = every_verdict()[1].metrics[0]
        found = Outline(
            html_page.render(summary(compared("f", Verdict.NEW, mode=FOUND_MODE, metrics=(metric,))))
        )
        assert "final loss" in "".join(found.text_of("table"))
        assert not found.all("table", id="verdicts")

    def test_a_run_of_the_same_code_says_so(self):
        noise = tuple(replace(c, noise_only=True) for c in every_verdict())
        assert "both trees hold the same code" in "".join(
            Outline(html_page.render(summary(*noise))).text_of("header")
        )


@pytest.mark.slow
def test_a_thousand_benchmarks_stay_usable():
    html = page(many(1000))
    assert len(html.encode()) < 3_000_000
    assert html.count("<details ") == 1000
    assert html.count("<svg ") == 51
    assert "To keep this page small, 950 less telling benchmarks have no figures." in html
    assert "pytest-bolt show 0a1b2c3d4e5f PART-OF-ITS-NAME --html=DIR draws them" in html
    for number in range(0, 1000, 20):
        assert f"<title>Change of suites/test_x.py::test_many[{number}-bf16]</title>" in html


def test_a_small_run_has_all_its_figures():
    assert not plain().text_of("p", **{"class": "note"})


def test_the_same_input_gives_the_same_bytes():
    assert page(full()) == page(full())


def test_a_value_that_is_not_there_is_an_error():
    with pytest.raises(TypeError, match="not there"):
        html_page.render(summary(environment=Environment(facts={"torch": None})))


def _without_breaks(html: str) -> str:
    """The journal puts zero-width spaces of its own behind what a code host would act on."""
    return html.replace("\u200b", "")


def _digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _variables(scheme):
    light, dark = STYLE.split("@media screen and (prefers-color-scheme: dark)", 1)
    part = light if scheme == "light" else dark.partition("* {")[0]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", part))


def _contrast(first, second):
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)
