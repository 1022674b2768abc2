"""Every style: its form, and that hostile texts stay data in each."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from journal_samples import HEAD, compared, full, hostile, small, summary
from markdown_it import MarkdownIt

from pytest_bolt.core.statements import Statement, numbered
from pytest_bolt.journal.build import entry_of
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.styles import STYLES

GOLDEN = Path(__file__).parent / "golden"
FIELDS = {
    "paper": ["### Hypothesis", "### Methodology", "### Results", "### Conclusion", "### Philosophical Note"],
    "findings": ["**Question:**", "**Finding:**", "**Evidence:**", "**What follows:**"],
    "evidence": ["- **Discovery:**", "- **Strategy:**", "- **Evidence:**", "**Before:**", "**Memory:**"],
    "worklog": [
        "**Objective:**",
        "**Actions & Command(s):**",
        "**Observations & Results:**",
        "**Analysis & Decisions:**",
        "**Artifacts:**",
        "**Commit:**",
        "**Log File(s):**",
    ],
    "logbook": [
        "**Goal:**",
        "**Hypothesis:**",
        "**Findings:**",
        "**Design:**",
        "**Results:**",
        "| Model |",
        "**Key findings:**",
    ],
    "experiment": [
        "### Goal",
        "### Hypothesis",
        "### Reasoning",
        "### Action",
        "### Outcome",
        "### Breakthrough / Insight",
        "### Next Step",
    ],
    "experiment-short": ["- Hypothesis:", "- Action:", "- Outcome:", "- Files:", "- Result:"],
    "changelog": ["## [Unreleased] - 2026-01-02", "#### Results", "| Metric |"],
    "learning": ["**Learning:**", "**Action:**"],
}


def parsed(text):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


@pytest.mark.parametrize("style", STYLES)
def test_golden(style):
    path = GOLDEN / f"{style}.md"
    text = render(full(), Rendering(style=style, number=7))
    if os.environ.get("BOLT_REGOLD"):
        path.write_text(text, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == text


@pytest.mark.parametrize("style", STYLES)
def test_fields_in_their_order(style):
    text = render(full(), Rendering(style=style, number=7))
    places = [text.find(field) for field in FIELDS[style]]
    assert -1 not in places
    assert places == sorted(places)
    (found,) = entries_in(text)
    assert STYLES[style].heading.match(found.body)


@pytest.mark.parametrize("style", STYLES)
def test_commits_are_whole_in_every_style(style):
    text = render(full(), Rendering(style=style))
    for revision in (full().head, full().base):
        assert revision.commit in text


@pytest.mark.parametrize("style", STYLES)
def test_hostile_texts_stay_data(style):
    text = render(hostile(), Rendering(style=style))
    (found,) = entries_in(text)
    assert not found.edited
    tokens = parsed(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.content for child in inline if child.type == "html_inline"} <= {"<code>", "</code>"}
    html = "".join(token.content for token in tokens if token.type == "html_block")
    assert all(line.startswith(("<!-- bolt:", "<!-- /bolt:")) for line in html.splitlines() if "<" in line)
    assert not any(child.type in {"link_open", "image"} for child in inline)
    plain = [
        token for token in parsed(render(full(), Rendering(style=style))) if token.type == "heading_open"
    ]
    assert sum(token.type == "heading_open" for token in tokens) == len(plain)
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| ")}
    assert len(widths) <= 1
    prose = re.sub(r"^```sh\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"@user", prose)


def test_numbers_and_dashes_of_the_heading():
    text = render(small(), Rendering(style="logbook", number=12, dash="\u2014"))
    assert "## Entry 12 \u2014 Fused attention (2026-01-02 03:04)" in text
    assert "### Experiment 3 - Fused attention" in render(
        small(), Rendering(style="experiment-short", number=3)
    )


def test_a_version_has_no_v():
    tagged = replace(small(), version="v1.2.0")
    assert "## [1.2.0] - 2026-01-02" in render(tagged, Rendering(style="changelog"))
    assert "## [vanilla] - " in render(replace(tagged, version="vanilla"), Rendering(style="changelog"))


def test_parts_are_concluded_one_by_one():
    said = numbered(
        ["1. faster\n2. (attribution) fewer reads\n3. smaller"],
        "option",
        ["1. time <= -4.5%", "2. time <= 0.5x base"],
    )
    text = render(entry_of(summary(compared(low=0.94, high=0.955), statements=said)))
    for line in (
        "1. **confirmed** (effect): faster",
        "2. **refuted** (attribution): fewer reads",
        "3. **not tested** (effect): smaller",
        "2. fewer reads (attribution)",
    ):
        assert line in text.splitlines()
    assert "size matched" in text
    assert "size smaller" in text


def test_an_entry_shows_that_it_was_stated_before():
    made = summary(compared(), statements=(Statement(text="h", source="commit message"),))
    run = replace(made.run, measured=made.run.started + timedelta(seconds=2.5))
    text = render(entry_of(replace(made, run=run)))
    said = "Stored 2026-01-02 03:04:05 UTC, stated in the commit message, 2.5 s before the first measurement."
    assert said in text


def test_goal_and_reasoning_come_from_the_commit():
    head = replace(HEAD, trailers={"Goal": "fit 8 GB", "Reasoning": "*few* reads"})
    text = render(entry_of(summary(compared(), head=head)), Rendering(style="experiment"))
    assert "<!-- bolt:person goal -->\nfit 8 GB\n" in text
    assert "\n\\*few\\* reads\n" in text
