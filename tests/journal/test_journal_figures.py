"""Figures beside an entry: drawn from stored numbers, named by the entry, told by their hashes."""

from __future__ import annotations

import hashlib
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from journal_samples import EVIL, compared, summary

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.claims import found_metric
from pytest_bolt.core.comparison import FOUND_MODE, Comparison
from pytest_bolt.core.statements import Statement
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.render import render
from pytest_bolt.journal_figures import can_draw, drawn

PAIRS = {"pair_ratios": (0.95, 0.96, 0.955), "pair_errors": (0.01, 0.01, 0.01)}


class NoPast:
    def history(self, case_key, fingerprint, limit):
        return ()


def test_each_figure_is_told_with_its_hash_and_shown():
    made, figures = drawn(summary(compared("a.py::x", **PAIRS), compared("a.py::y", **PAIRS)), NoPast())
    assert list(figures) == [f"figures/0a1b2c3d4e5f-{name}.svg" for name in ("changes", "pairs-1", "pairs-2")]
    (entry,) = entries_of(made)
    assert {each.path: each.sha256 for each in entry.artifacts} == {
        path: hashlib.sha256(text.encode()).hexdigest() for path, text in figures.items()
    }
    text = render(entry)
    assert "![change of each benchmark with its interval](figures/0a1b2c3d4e5f-changes.svg)" in text
    assert "benchmark 2 of the most telling](figures/0a1b2c3d4e5f-pairs-2.svg)" in text
    assert drawn(made, NoPast()) == (made, figures)


def test_an_experiment_has_its_own_figures_only():
    said = tuple(
        Statement(text="h", source="claim", node_id=f"{name}.py", experiment=title)
        for name, title in (("a", "One"), ("b", "One, too"), ("c", "Found"))
    )
    found = Comparison(
        case=Case(case_id=CaseId(node_id="c.py")),
        verdict=Verdict.NEW,
        margin=0.0,
        mode=FOUND_MODE,
        metrics=(found_metric("loss", [1.0]),),
    )
    run = summary(compared("a.py", **PAIRS), compared("b.py", **PAIRS), found, statements=said)
    made, figures = drawn(run, NoPast())
    assert len(figures) == 2
    assert [[each.path for each in entry.artifacts] for entry in entries_of(made)] == [
        ["figures/0a1b2c3d4e5f-one-pairs-1.svg"],
        ["figures/0a1b2c3d4e5f-one-too-pairs-1.svg"],
        [],
    ]


def test_hostile_names_are_data_in_a_figure():
    made, figures = drawn(summary(compared(EVIL, **PAIRS)), NoPast())
    for text in figures.values():
        root = ET.fromstring(text)
        assert {element.tag.rpartition("}")[2] for element in root.iter()}.isdisjoint(
            {"script", "a", "image"}
        )
    assert entries_of(made)[0].artifacts


def test_without_the_library_there_are_no_figures(monkeypatch):
    assert can_draw()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert not can_draw()


@pytest.mark.parametrize("verdict", [Verdict.INCORRECT, Verdict.NEW])
def test_what_has_no_speed_has_no_figure(verdict):
    run = summary(replace(compared("a.py", verdict), ratio=None))
    assert drawn(run, NoPast()) == (run, {})
