"""The README and the documentation do what they say."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from functools import cache

import pytest
from doc_examples import Example, examples, missing_line, run
from project_tree import ROOT, project_files, relative

PAGES = [
    path
    for path in project_files(".md")
    if relative(path) == "README.md" or (relative(path).startswith("docs/") and "decisions" not in path.parts)
]
RUNNABLE = [page for page in PAGES if any(example.kind == "run" for example in examples(page.read_text()))]
OPTION = re.compile(r"--bolt(?:-[a-z]+)*")
PAGE_TIME_LIMIT = 600


def slow(page):
    return any(example.slow for example in examples(page.read_text()))


@cache
def printed_by(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def known_options() -> set[str]:
    return set(OPTION.findall(printed_by(sys.executable, "-m", "pytest", "--help")))


@pytest.mark.timeout(PAGE_TIME_LIMIT)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=relative(page), marks=[pytest.mark.slow] if slow(page) else [])
        for page in RUNNABLE
    ],
)
def test_the_examples_of_a_page_run(page, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    for example in examples(page.read_text()):
        run(example, folder)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_example_says_how_it_is_run(page):
    found = examples(page.read_text())
    unmarked = [example.line for example in found if example.kind not in {"file", "run", "shown"}]
    unexplained = [example.line for example in found if example.kind == "shown" and not example.rest]
    assert (unmarked, unexplained) == ([], [])


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_python_examples_are_python(page):
    blocks = [example for example in examples(page.read_text()) if example.language == "python"]
    assert all(ast.parse(example.text) for example in blocks)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_option_that_a_page_names_exists(page):
    assert set(OPTION.findall(page.read_text())) - known_options() == set()


def test_the_options_page_is_that_of_the_table():
    rendered = runpy.run_path(str(ROOT / "docs" / "render_options.py"))
    assert rendered["PAGE"].read_text() == rendered["page"](), "run: python docs/render_options.py"


def test_the_operations_page_is_that_of_the_adapters():
    pytest.importorskip("torch")
    rendered = runpy.run_path(str(ROOT / "docs" / "render_operations.py"))
    assert rendered["PAGE"].read_text() == rendered["page"](), "run: python docs/render_operations.py"


def test_every_option_is_on_the_options_page():
    page = (ROOT / "docs" / "reference" / "options.md").read_text()
    assert known_options() - set(OPTION.findall(page)) == set()


def test_every_verdict_is_on_the_verdicts_page():
    from pytest_bolt.core.verdict import Verdict

    page = (ROOT / "docs" / "reference" / "verdicts.md").read_text()
    assert [verdict for verdict in Verdict if f"| `{verdict}` |" not in page] == []


def test_decisions_are_numbered_in_order_and_have_their_parts():
    notes = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    for number, note in enumerate(notes, start=1):
        text = note.read_text()
        assert note.name.startswith(f"{number:04}-"), note.name
        assert text.startswith(f"# {number}. "), note.name
        assert re.search(
            r"^Date: \d{4}-\d\d-\d\d\. Status: (proposed|accepted|superseded by \d{4})\.$", text, re.MULTILINE
        )
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], (
            note.name
        )


def test_relative_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


PAGE = """
<!-- example: file a.txt -->
```python
x = 1
```
<!-- example: run slow exit=3 -->
```console
$ cat a.txt
x = 1
$ echo one two; exit 3
one ...
```
```console
$ unmarked
```
"""


def test_examples_are_found_with_their_markers(tmp_path):
    first, second, third = examples(PAGE)
    assert (first.kind, first.rest) == ("file", "a.txt")
    assert (second.kind, second.slow, second.exit_code) == ("run", True, 3)
    assert third.kind == ""
    run(first, tmp_path)
    run(second, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("$ echo yes\nno\n", "did not print: no"), ("$ echo gone; exit 2\n", "exit code 2")],
)
def test_an_example_that_does_something_else_is_reported(tmp_path, text, message):
    with pytest.raises(AssertionError, match=message):
        run(Example(line=1, language="console", text=text, kind="run"), tmp_path)


def test_expected_lines_must_come_in_order():
    assert missing_line(["a", "b [1] ..."], "a\nx\nb [1] end\n") is None
    assert missing_line(["b", "a"], "a\nb\n") == "a"
