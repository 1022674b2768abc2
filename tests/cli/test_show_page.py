"""`pytest-bolt show RUN --html DIR`: the page of a stored run."""

from __future__ import annotations

import sys

import pytest

from pytest_bolt.core.verdict import Verdict


def test_it_writes_the_page_and_says_where(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)] * 3)
    done = bolt("show", "002", "--html", "out/page")
    assert (done.code, done.out, done.err) == (0, "wrote out/page/index.html\n", "")
    html = (tmp_path / "out" / "page" / "index.html").read_text()
    for words in ("test_a.py::test_a[x]", "1 same of 1", "one pass", "Philosophical Note", "002c0ffee000"):
        assert words in html
    assert "<title>History of test_a.py::test_a[x]</title>" in html
    assert "3 stored runs of one environment" in html


def test_a_second_page_takes_the_place_of_the_first(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)] * 2)
    for run in ("000", "001"):
        assert bolt("show", run, "--html", "page").code == 0
    html = (tmp_path / "page" / "index.html").read_text()
    assert "001c0ffee000" in html
    assert "000c0ffee000" not in html


def test_a_wrong_answer_has_neither_time_nor_history(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)] * 2)
    fill([(31_700.0, 64_200.0)], first=5, verdict=Verdict.INCORRECT)
    assert bolt("show", "005", "--html", "page").code == 0
    html = (tmp_path / "page" / "index.html").read_text()
    for shown in ("31.7", "64.2", "31700", "64200", "<svg", "1.00 us"):
        assert shown not in html


def test_only_what_matches_is_on_it(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)])
    done = bolt("show", "000", "test_b", "--html", "page")
    assert done.code == 2
    assert "No benchmark of this run matches 'test_b'" in done.err
    assert not (tmp_path / "page").exists()


def test_a_folder_that_holds_something_else_is_refused(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)])
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "notes.txt").touch()
    done = bolt("show", "000", "--html", "site")
    assert (done.code, done.out) == (2, "")
    assert "the folder of the page holds something else" in done.err
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("other", ["--json", "--rounds"])
def test_one_form_at_a_time(bolt, fill, other):
    fill([(1000.0, 1010.0)])
    done = bolt("show", "000", "--html", "page", other)
    assert done.code == 2
    assert "--html is a form of its own\n  -> leave --json and --rounds out" in done.err


def test_without_the_libraries_it_says_what_to_install(bolt, fill, monkeypatch, tmp_path):
    fill([(1000.0, 1010.0)])
    monkeypatch.setitem(sys.modules, "nh3", None)
    done = bolt("show", "000", "--html", "page")
    assert done.code == 2
    assert "--html needs a library that is not installed" in done.err
    assert "pip install pytest-bolt[report]" in done.err
    assert not (tmp_path / "page").exists()
