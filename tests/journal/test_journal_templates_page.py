"""The page on journal templates names what there is, and its example works."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from journal_samples import full, hostile

from pytest_bolt.core.claims import Judged
from pytest_bolt.core.record import Artifact
from pytest_bolt.core.replication import Replication
from pytest_bolt.core.ruling import Ruled
from pytest_bolt.journal.entry import Entry, Kind, Link, Result, Side
from pytest_bolt.journal.render import Rendering, environment, render

PAGE = (Path(__file__).parents[2] / "docs/reference/journal-templates.md").read_text()


def names_in(section):
    """Return the names in the first column of the tables between two headings."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def test_every_variable_is_named():
    fields = {field.name for field in dataclasses.fields(Entry)}
    assert names_in("Variables") == {"entry", "number", "dash", "continued"} | fields


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("head", Side),
        ("parts", Judged),
        ("ruled", Ruled),
        ("results", Result),
        ("artifacts", Artifact),
        ("links", Link),
        ("replication", Replication),
    ],
)
def test_every_field_of_what_an_entry_holds_is_named(name, kind):
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}`") and "filter" not in line
               and line.count("|") == 3)  # fmt: skip
    told = set(re.findall(r"`(\w+)`", line.split("|")[2]))
    assert {field.name for field in dataclasses.fields(kind)} <= told


def test_every_kind_is_named():
    assert [kind for kind in Kind if f"`{kind}`" not in PAGE] == []


def test_every_filter_is_named():
    from jinja2.defaults import DEFAULT_FILTERS

    own = {name for name in environment().filters if name not in DEFAULT_FILTERS}
    assert names_in("Filters") == own


@pytest.mark.parametrize("made", [full, hostile])
def test_the_example_works(made):
    template = re.search(r"```jinja\n(.*?)```", PAGE, re.DOTALL)[1]
    text = render(made(), Rendering(style="short", templates={"short.md.j2": template}))
    assert text.count("<!-- bolt:person lesson -->") == 1
    assert "\n## 2026-01-02 - " in text
