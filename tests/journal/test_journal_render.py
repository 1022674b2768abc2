from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, UndefinedError
from jinja2.sandbox import SecurityError
from journal_samples import BASE, EVIL, HEAD, compared, full, hostile, small, summary
from markdown_it import MarkdownIt

from pytest_bolt.core.statements import numbered
from pytest_bolt.journal.build import entry_of
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.render import Rendering, body, render, sandboxed

GOLDEN = Path(__file__).parent / "golden"
SECTIONS = ["Hypothesis", "Methodology", "Results", "Conclusion", "Philosophical Note"]


def parsed(text):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def headings(text):
    tokens = parsed(text)
    return [
        (token.tag, tokens[at + 1].content) for at, token in enumerate(tokens) if token.type == "heading_open"
    ]


def rows(text):
    found = []
    for token in parsed(text):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and token.level == 4 and found:
            found[-1].append("".join(c.content for c in token.children if c.type != "html_inline"))
    return found


def section(text, name):
    return re.split(r"^### ", text, flags=re.MULTILINE)[1 + SECTIONS.index(name)].partition("\n")[2].strip()


@pytest.mark.parametrize(("made", "name"), [(full, "paper.md"), (hostile, "paper_hostile.md")])
def test_golden(made, name):
    text = render(made())
    if os.environ.get("BOLT_REGOLD"):
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="")
    assert (GOLDEN / name).read_bytes().decode() == text


def test_same_entry_same_bytes():
    assert render(full()) == render(full())


def test_paper_has_the_sections_of_a_paper():
    assert headings(render(full())) == [
        ("h2", "2026-01-02: Fused attention"),
        *(("h3", name) for name in SECTIONS),
    ]


def test_results_are_a_table_of_before_and_after():
    header, *body = rows(render(full()))
    assert header == ["Metric", "Before", "After", "Change"]
    assert body[0] == ["time, a.py::test_wrong", "-", "-", "INCORRECT; all zeros"]
    assert body[1] == ["time, a.py::test_step[cpu]", "20.0 us", "19.1 us", "-4.5 % [-6.0, -3.0]; faster"]
    assert body[2] == ["final loss, a.py::test_step[cpu]", "2.6811 nats", "2.6811 nats", "+0.0 %"]


def test_methodology_has_commands_hashes_and_machine():
    text = section(render(full()), "Methodology")
    for part in (
        f"`{HEAD.commit}`",
        f"`{BASE.commit}`",
        f"`{HEAD.diff_hash}`",
        "`Imaginary 9`",
        "8 process pairs",
    ):
        assert part in text
    assert f"\npytest --bolt-compare={BASE.commit} -k 'a or b'\n" in text


def test_results_name_the_run():
    assert "`pytest-bolt show 0a1b2c3d4e5f BENCHMARK`" in section(render(full()), "Results")


def concluded(hypothesis, *texts):
    entry = entry_of(summary(compared(), statements=numbered([hypothesis], "option", texts)))
    return section(render(entry), "Conclusion")


def test_no_hypothesis():
    entry = render(small())
    assert section(entry, "Hypothesis") == "No hypothesis was stated."
    assert section(entry, "Conclusion") == "No hypothesis was stated; this entry only reports."


def test_hypothesis_without_expectation():
    said = "The hypothesis came without an expectation that can be computed, so nothing is concluded."
    assert concluded("faster").endswith(said)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("time <= -1%", "confirmed"), ("time <= -10%", "refuted"), ("time <= -4%", "inconclusive")],
)
def test_conclusion_is_computed(said, outcome):
    text = concluded("faster", said)
    assert text.startswith(f"- **{outcome}** (effect): faster")
    assert f"`{said}`: -4.5 % " in text
    assert text.endswith(f"The hypothesis is **{outcome}**.")


def test_expectation_that_nothing_matches():
    text = concluded("faster", "other: time <= -1%")
    assert text.startswith("- **not comparable** (effect): faster")
    assert "Nothing is concluded: **not comparable**. no benchmark of this run matches" in text


def test_expectation_without_hypothesis_concludes_about_the_expectation_only():
    text = concluded("", "time <= -1%")
    assert text.startswith("- **confirmed** (effect)\n")


def test_empty_note_says_so():
    assert section(render(small()), "Philosophical Note").splitlines()[1] == "(not written)"


def test_run_without_benchmarks_and_base():
    text = render(entry_of(summary(base=None)))
    assert section(text, "Results").startswith("No benchmark was compared.")
    assert "Before" not in text


def test_hostile_texts_stay_where_they_are_printed():
    text = render(hostile())
    assert [name for tag, name in headings(text) if tag == "h3"] == SECTIONS
    assert len(headings(text)) == len(SECTIONS) + 1
    assert {len(row) for row in rows(text)} == {4}
    html = [token.content for token in parsed(text) if token.type == "html_block"]
    inline = [child for token in parsed(text) for child in token.children or ()]
    assert {child.content for child in inline if child.type == "html_inline"} == {"<code>", "</code>"}
    assert all(
        line.startswith(("<!-- bolt:", "<!-- /bolt:"))
        for block in html
        for line in block.splitlines()
        if "<" in line
    )
    assert not any(child.type in {"link_open", "image"} for child in inline)
    assert "{{ 7 \\* 7 }}" in text


def test_hostile_texts_forge_no_marker():
    (found,) = entries_in(render(hostile()))
    assert found.entry_id == "0a1b2c3d4e5f"
    assert list(found.person) == ["philosophical_note"]
    assert not found.edited


def test_note_given_with_the_run_is_kept_as_paragraphs():
    text = render(small(note="One.\n\nTwo *stars*."))
    assert "\nOne.\n\nTwo \\*stars\\*.\n" in text
    assert EVIL not in render(small(note=EVIL))


def from_source(source, **fields):
    environment = sandboxed(DictLoader({"own.md.j2": source}))
    return body(dataclasses.replace(small(), **fields), Rendering(style="own"), environment)


def test_undefined_name_in_a_template_is_an_error():
    with pytest.raises(UndefinedError, match="titel"):
        from_source("{{ entry.titel }}")


def test_every_value_of_a_template_is_escaped():
    assert from_source("{{ entry.title }}\n", title="<b>*x*|") == "&#60;b>\\*x\\*&#124;\n"


def test_value_that_is_not_there_is_an_error():
    with pytest.raises(TypeError, match="a template printed a value that is not there"):
        from_source("{{ entry.base }}", base=None)


@pytest.mark.parametrize(
    "source", ["{{ entry.__class__.__mro__ }}", "{{ ''.format.__globals__ }}", "{{ entry.commands.__add__ }}"]
)
def test_template_cannot_reach_the_interpreter(source):
    with pytest.raises(SecurityError, match="unsafe"):
        from_source(source)
