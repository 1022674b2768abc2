"""Figures: what they show, the same bytes each time, well-formed whatever the names are."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from plot_samples import (
    CONTROL,
    HOSTILE,
    drawn,
    elements,
    past,
    point,
    shapes,
    summary,
    texts,
)

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import BASELINE_MODE
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.plots.distribution import distribution
from pytest_bolt.plots.history import history
from pytest_bolt.plots.overview import MOST_ROWS, most_telling, overview
from pytest_bolt.plots.palette import BACKGROUNDS, LOOKS, MARKS, SHADES, TEXTS, style_sheet


class TestDistribution:
    @pytest.mark.parametrize("pairs", [1, 2, 12, 200, 1000])
    def test_one_dot_a_process_pair(self, pairs):
        svg = distribution(drawn(1.0, Verdict.SAME, pairs)).standalone()
        assert len(shapes(svg, "ink")) == pairs
        assert f"{pairs} process pair{'s' * (pairs > 1)}" in texts(svg)

    def test_dots_stay_inside_the_figure(self):
        svg = distribution(drawn(1.0, Verdict.SAME, 200, half=0.001)).standalone()
        places = [re.fullmatch(r"translate\((.+),(.+)\)", e.get("transform")) for e in shapes(svg, "ink")]
        assert all(0 <= float(x) <= 500 and 0 < float(y) < 84 for x, y in (p.groups() for p in places))
        assert len({p.group() for p in places}) == 200

    def test_a_far_pair_is_an_arrow_at_the_edge_with_its_count(self):
        near = drawn(1.0, Verdict.SAME, 12)
        far = drawn(1.0, Verdict.SAME, pair_ratios=(*near.pair_ratios, 9.0, 0.1, 0.2))
        assert {"1 beyond", "2 beyond"} <= set(texts(distribution(far).standalone()))
        assert "beyond" not in " ".join(texts(distribution(near).standalone()))

    def test_without_pairs_the_interval_is_shown_alone(self):
        svg = distribution(drawn(pair_ratios=())).standalone()
        assert "pairs not kept" in texts(svg)
        assert shapes(svg, "slower")
        assert not shapes(svg, "ink")

    @pytest.mark.parametrize("control", [None, CONTROL])
    def test_the_null_control_has_a_row_where_there_is_one(self, control):
        assert ("null control" in texts(distribution(drawn(), control).standalone())) is (control is not None)

    @pytest.mark.parametrize(
        "ratio",
        [
            Interval(estimate=1.1, low=0.0, high=math.inf),
            Interval(estimate=math.nan, low=math.nan, high=math.nan),
            Interval(estimate=math.inf, low=1.0, high=math.inf),
            Interval(estimate=1.0, low=1.0, high=1.0),
            Interval(estimate=1e9, low=1e8, high=1e10),
            Interval(estimate=1e-9, low=1e-10, high=1e-8),
        ],
    )
    def test_any_interval_can_be_drawn(self, ratio):
        comparison = drawn(ratio=1.0, pair_ratios=(ratio.estimate, 1.0))
        svg = distribution(dataclasses.replace(comparison, ratio=ratio)).standalone()
        values = [value for element in ET.fromstring(svg).iter() for value in element.attrib.values()]
        assert not any(re.search(r"(?i)nan|inf|null|undefined", value) for value in values)

    def test_a_wrong_answer_has_no_figure(self):
        assert distribution(drawn(verdict=Verdict.INCORRECT)) is None
        assert distribution(dataclasses.replace(drawn(verdict=Verdict.NEW), ratio=None)) is None

    def test_it_says_in_words_what_it_shows(self):
        (words,) = elements(distribution(drawn(), CONTROL).standalone(), "desc")
        assert words.text.startswith("Verdict SLOWER; change +20.0 % [+14.0, +26.0]; 12 process pairs from +")
        assert words.text.endswith(
            "the band is the margin of 5 %; the base against itself +0.1 % [-0.8, +1.2]."
        )


class TestOverview:
    def test_the_most_telling_come_first(self):
        found = most_telling(
            [
                drawn(1.001, Verdict.SAME, node_id="same"),
                drawn(1.2, Verdict.SLOWER, node_id="slower"),
                drawn(1.04, Verdict.INCONCLUSIVE, node_id="unclear"),
                drawn(1.5, Verdict.SLOWER, node_id="much slower"),
                drawn(0.7, Verdict.FASTER, node_id="faster"),
                drawn(1.9, Verdict.SLOWER, node_id="uncertain", half=0.45),
                drawn(2.0, Verdict.INCORRECT, node_id="wrong"),
            ]
        )
        names = [comparison.case.case_id.node_id for comparison in found]
        assert names == ["much slower", "slower", "uncertain", "faster", "unclear", "same"]

    def test_what_does_not_fit_is_counted(self):
        rows = [drawn(1 + n / 100, Verdict.SLOWER, node_id=f"test_{n}") for n in range(MOST_ROWS + 7)]
        found = texts(overview(summary(*rows, drawn(verdict=Verdict.INCORRECT))).standalone())
        assert sum(text.startswith("test_") for text in found) == MOST_ROWS
        assert "and 7 more, each less telling than these" in found
        assert "Without an interval: 1 incorrect." in found

    def test_a_row_says_verdict_and_numbers(self):
        found = texts(
            overview(summary(drawn(1.2), drawn(1.04, Verdict.INCONCLUSIVE, node_id="b"))).standalone()
        )
        assert "slower +20.0 % [+14.0, +26.0]" in found
        assert "cannot tell +4.0 % [-1.2, +9.2]" in found

    def test_against_a_baseline_a_row_says_the_speedup(self):
        against = drawn(0.5, Verdict.FASTER, mode=BASELINE_MODE)
        assert "faster 2.00x [1.90, 2.11]" in texts(overview(summary(against)).standalone())

    def test_each_verdict_has_its_own_shape_and_colour(self):
        assert len({look.shape for look in LOOKS.values()}) == len(LOOKS)
        assert len({look.shade for look in LOOKS.values()}) == len(LOOKS)
        svg = overview(summary(*(drawn(1.0, verdict, node_id=verdict) for verdict in LOOKS))).standalone()
        paths = {shapes(svg, look.shade)[0].get("d") for look in LOOKS.values()}
        assert len(paths) == len(LOOKS)

    def test_nothing_to_show_is_no_figure(self):
        assert overview(summary()) is None
        assert overview(summary(drawn(verdict=Verdict.INCORRECT))) is None


class TestHistory:
    def test_both_sides_of_each_run_in_order(self):
        svg = history("a", past(5)).standalone()
        assert len(shapes(svg, "quiet")) >= 5
        assert [text for text in texts(svg) if text.startswith("2026")] == [
            f"2026-01-0{day}" for day in range(6, 1, -1)
        ]

    def test_a_gap_breaks_the_line(self):
        whole, broken = (history("a", past(6, gaps)).standalone() for gaps in ((), (3,)))
        assert len(_lines(whole, "faster")) == 5
        assert len(_lines(broken, "faster")) == 4
        assert not _dashed(whole)
        assert len(_dashed(broken)) == 1
        assert any(text.startswith("dotted: measured in another environment") for text in texts(broken))

    def test_an_uncommitted_tree_has_its_own_shape(self):
        clean = history("a", [point(0), point(1)]).standalone()
        dirty = history("a", [point(0), point(1, dirty=True)]).standalone()
        counts = [
            sorted(Counter(e.get("d") for e in shapes(svg, "faster")).values()) for svg in (clean, dirty)
        ]
        assert counts == [[1, 3], [2, 2]]  # one of each stands in the legend
        assert "0000002+" in texts(dirty)

    def test_a_run_without_spread_is_a_point(self):
        bare = [point(day, low=None, high=None) for day in range(3)]
        assert not _lines(history("a", bare).standalone(), "quiet")
        assert len(_lines(history("a", [point(day) for day in range(3)]).standalone(), "quiet")) == 3

    def test_one_run_is_no_history(self):
        assert history("a", []) is None
        assert history("a", [point(0, Side.BASE), point(0)]) is None

    def test_times_that_are_none_are_left_out(self):
        points = [point(0), point(1, ns=math.nan), point(2), point(3, ns=0.0)]
        (words,) = elements(history("a", points).standalone(), "desc")
        assert words.text.startswith("2 stored runs")

    def test_names_do_not_crowd(self):
        dates = [t for t in texts(history("a", past(200)).standalone()) if t.startswith("20")]
        assert 4 <= len(dates) <= 8

    def test_the_unit_fits(self):
        svg = history("a", [point(day, ns=2.5e6) for day in range(2)]).standalone()
        assert "time of one iteration, ms" in texts(svg)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_text(name):
    comparison = drawn(node_id=name)
    for plot in (distribution(comparison), overview(summary(comparison)), history(name, past(2))):
        for svg in (plot.standalone(), plot.inline()):
            tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
            assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "line", "text"}
            assert not re.search(
                "[\x00-\x08\x0b-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", svg
            )
            assert svg.encode()


def test_a_long_name_is_shortened_in_its_middle_and_told_in_full():
    name = "a.py::test[" + "x" * 200 + "-end]"
    svg = overview(summary(drawn(node_id=name))).standalone()
    (text,) = [e for e in elements(svg, "text") if (e.text or "").startswith("a.py")]
    assert len(text.text) == 44
    assert "\N{HORIZONTAL ELLIPSIS}" in text.text
    assert text.text.endswith("-end]")
    assert [child.text for child in text] == [name]


def test_the_same_input_gives_the_same_bytes_in_any_process():
    program = Path(__file__).with_name("plot_samples.py")
    written = [
        subprocess.run(
            [sys.executable, program],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert written[0].count(b"</svg>") == 3
    assert written[0] == written[1]


def test_a_file_asks_for_nothing_and_brings_its_style():
    plot = distribution(drawn(), CONTROL)
    assert "prefers-color-scheme:dark" in plot.standalone()
    assert "<style" not in plot.inline()
    for svg in (plot.standalone(), plot.inline()):
        assert not re.search(r"href|url\(|style=|@import|<image|<script", svg)
        assert set(re.findall(r"https?://\S+?(?=\")", svg)) == {"http://www.w3.org/2000/svg"}


def test_every_colour_of_a_figure_is_one_of_the_palette():
    for plot in (distribution(drawn(), CONTROL), overview(summary(drawn())), history("a", past(4, (2,)))):
        svg = plot.inline()
        colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none"}
        assert colours <= {shade.light for shade in SHADES.values()}
        assert len(re.findall(r"bolt-[fs]-", svg)) == len(re.findall(r'(?:fill|stroke)="#', svg))


def test_light_colours_are_told_apart_by_value():
    assert len({shade.light for shade in SHADES.values()}) == len(SHADES)
    assert all(f".bolt-f-{name}{{fill:{shade.dark}}}" in style_sheet() for name, shade in SHADES.items())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_have_contrast(scheme):
    shade = {name: getattr(each, scheme) for name, each in SHADES.items()}
    for ground in BACKGROUNDS:
        assert {name for name in TEXTS if _contrast(shade[name], shade[ground]) < 4.5} == set()
        assert {name for name in MARKS if _contrast(shade[name], shade[ground]) < 3.0} == set()


# Machado, Oliveira & Fernandes (2009): how linear RGB looks to who lacks one kind of cone.
BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_slower_and_faster_and_the_rest_differ_for_the_colour_blind(blindness, scheme):
    seen = {
        name: _seen(getattr(SHADES[name], scheme), BLINDNESS[blindness])
        for name in ("slower", "faster", "same")
    }
    distances = {pair: math.dist(seen[pair[0]], seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    assert min(distances.values()) > 0.12, distances


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    from pytest_bolt.errors import BoltError
    from pytest_bolt.extras import require_report

    require_report("--bolt-html")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(BoltError) as caught:
        require_report("--bolt-html")
    lines = str(caught.value).splitlines()
    assert lines[0] == "--bolt-html needs a library that is not installed, or does not load"
    assert lines[1].split() == ["library", "vl_convert"]
    assert lines[-1] == "  -> pip install pytest-bolt[report]"


def _lines(svg, shade):
    """The sloped or upright lines of a shade that are no grid and not dashed."""
    found = [e for e in elements(svg, "line") if f"bolt-s-{shade}" in e.get("class", "")]
    return [e for e in found if e.get("stroke-dasharray") is None]


def _dashed(svg):
    return [e for e in elements(svg, "line") if e.get("stroke-dasharray")]


def _linear(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def _contrast(first, second):
    """The contrast ratio of WCAG 2."""
    light = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), _linear(x), strict=True)) for x in (first, second)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def _seen(colour, matrix):
    """The colour in Oklab (Ottosson 2020), as the matrix lets it through."""
    r, g, b = (
        min(1.0, max(0.0, sum(m * c for m, c in zip(row, _linear(colour), strict=True)))) for row in matrix
    )
    cones = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    l, m, s = (cone ** (1 / 3) for cone in cones)  # noqa: E741 - the names of the paper
    return (
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    )
