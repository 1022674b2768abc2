"""The page whose picture is in the documentation."""

from __future__ import annotations

import json
import runpy

import pytest
from page_samples import Outline

from pytest_bolt.pages import write_page


@pytest.fixture(scope="module")
def program(pytestconfig):
    return runpy.run_path(str(pytestconfig.rootpath / "docs" / "render_page.py"))


def test_the_example_is_a_run_with_a_past(program, tmp_path):
    example = program["Example"](json.loads(program["EXAMPLE"].read_text()))
    found = Outline(write_page(tmp_path, example.summary, example).read_text())
    assert found.text_of("h1") == ["1 slower, 2 faster, 5 same, 1 inconclusive of 9"]
    assert len(found.all("svg", role="img")) == 1 + 2 * 9
    assert "7 stored runs of one environment" in "".join(found.text_of("desc"))


def test_it_tells_nothing_of_the_machine_that_it_was_made_on(program):
    facts = json.loads(program["EXAMPLE"].read_text())["report"]["run"]["environment"]["facts"]
    assert facts["cpu_count"] == "2"
    assert program["_PRIVATE"].isdisjoint(facts)


def test_the_picture_has_its_size(program):
    head = program["PICTURE"].read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (program["WIDTH"], program["HEIGHT"])
    assert program["PICTURE"].stat().st_size < 250_000


def test_without_a_browser_the_program_says_so(program, monkeypatch, tmp_path):
    monkeypatch.delenv("BOLT_TEST_CHROMIUM", raising=False)
    with pytest.raises(SystemExit, match="names no browser"):
        program["take_picture"](tmp_path)
