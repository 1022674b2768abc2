"""The reference page of `journal lint`: each rule is on it, and each example does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_bolt.journal.document.reader import read_document
from pytest_bolt.journal.lint.finding import RULES
from pytest_bolt.journal.lint.run import lint

PAGE = Path(__file__).parents[2] / "docs/reference/journal-lint.md"
SECTION = re.compile(
    r"^### (?P<rule>[a-z-]+)\n.*?^Fires:\n\n```markdown\n(?P<fires>.*?)^```\n\nDoes not:\n\n```markdown\n(?P<not>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
SECTIONS = {match["rule"]: match for match in SECTION.finditer(PAGE.read_text(encoding="utf-8"))}


def rules(text):
    return {finding.rule for finding in lint(read_document(text))}


def test_each_rule_has_its_section():
    assert list(SECTIONS) == list(RULES)


@pytest.mark.parametrize("rule", SECTIONS)
def test_the_example_fires_and_nothing_else_does(rule):
    assert rules(SECTIONS[rule]["fires"]) == {rule}


@pytest.mark.parametrize("rule", SECTIONS)
def test_the_other_example_is_right(rule):
    assert rules(SECTIONS[rule]["not"]) == set()
