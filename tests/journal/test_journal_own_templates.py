"""A user's own templates: read from one folder, sandboxed, stopped when they never end."""

from __future__ import annotations

import pytest
from journal_samples import full, small

from pytest_bolt.errors import BoltError
from pytest_bolt.journal import own_templates
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.own_templates import render_apart, style_names, templates_in
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.write import inserted, parse_option

OWN = '## {{ entry.date.strftime("%Y-%m-%d") }} {{ entry.title }}\n\n{% include "rows.j2" %}\n{{ entry.person | person("why") }}'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "house.md.j2").write_text(OWN)
    (tmp_path / "rows.j2").write_text("{{ entry.results | results }}\n")
    (tmp_path / "notes.txt").write_text("no template")
    return tmp_path


def test_a_style_of_ones_own(folder):
    templates = templates_in(folder)
    assert set(templates) == {"house.md.j2", "rows.j2"}
    assert style_names(templates) == ("house",)
    journal = parse_option("house:notes.md", templates)
    text = inserted("", full(), journal)
    assert "## 2026-01-02 Fused attention\n\n| Metric | Before |" in text
    assert inserted(text.replace("(not written)", "Because."), full(), journal).count("Because.") == 1
    assert [found.entry_id for found in entries_in(inserted(text, small("b" * 12), journal))]


def failed(source, **more):
    with pytest.raises(BoltError) as caught:
        render_apart(small(), Rendering(style="own", templates={"own.md.j2": source, **more}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "{{ entry.titel }}",
            "UndefinedError: 'pytest_bolt.journal.entry.Entry object' has no attribute 'titel'",
        ),
        ("\n{% for %}", ":2: TemplateSyntaxError"),
        ("{% include '/etc/passwd' %}", "TemplateNotFound"),
        ("{% include '../secret.j2' %}", "TemplateNotFound"),
        ("{{ entry.__class__.__subclasses__() }}", "SecurityError"),
        ("{{ entry.head.commit.__class__ }}", "SecurityError"),
        ("{{ range(10**9) | list }}", "OverflowError"),
        ("{{ 'x' * 10**11 }}", "MemoryError"),
        ("{{ cycler.__init__.__globals__.os.popen('id') }}", "SecurityError"),
    ],
)
def test_what_a_template_must_not_do(source, said):
    message = failed(source)
    assert "a journal template failed" in message
    assert said in message


def test_a_template_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(own_templates, "_SECONDS", 1)
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{{ loop.index }}{% endfor %}{% endfor %}"
    assert "it did not end within 1 s" in failed(loop)


def test_a_template_that_writes_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(own_templates, "_LARGEST_ENTRY", 1000)
    assert "it wrote more than 1000 characters" in failed("{{ 'x' * 2000 }}")


def test_markers_in_a_template_are_left_out():
    forged = (
        "a\n<!-- bolt:entry 0 2026-01-01T00:00:00+00:00 -->\n<!-- /bolt:entry 0 0123456789abcdef -->\nb\n"
    )
    text = render(small(), Rendering(style="own", templates={"own.md.j2": forged}))
    (found,) = entries_in(text)
    assert found.body == "a\nb\n"


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path_factory):
    secret = tmp_path_factory.mktemp("other") / "secret.j2"
    secret.write_text("x")
    (folder / "link.j2").symlink_to(secret)
    with pytest.raises(BoltError, match="it leads out of its folder"):
        templates_in(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BoltError, match="the folder of journal templates cannot be read"):
        templates_in(tmp_path / "none")
    (tmp_path / "a.j2").write_bytes(b"\xff")
    with pytest.raises(BoltError, match="a journal template cannot be used"):
        templates_in(tmp_path)
