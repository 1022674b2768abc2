"""Adopting a journal that is there: its style, the place and number of the next entry, every other byte kept."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import full, small

from pytest_bolt.errors import BoltError
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.place import parts_of
from pytest_bolt.journal.styles import STYLES
from pytest_bolt.journal.write import inserted, parse_option

PAPER = "# Our Journal\n\nLike a scientific paper.\n\n---\n\n## YYYY-MM-DD: [Title]\n\n### Hypothesis\nh\n"
FINDINGS = "# Log\n\n-   **Empirical benchmarks:** x\n-   **Statistical truths:** y\n\nText.\n"
EVIDENCE = "# J\n\n---\n\n### 2025-05-05: Old\n\n-   **Discovery:** d\n"
WORKLOG = """# Project Worklog

## Log Entry Template

```markdown
---
### **YYYY-MM-DD HH:MM**

**Objective:**
---
```

---

### **2025-09-17 11:45**

**Objective:** a
---
### **2025-09-17 10:30**

**Objective:** b"""
LOGBOOK = (
    "# Logbook\r\n\r\n## Entry 1 \u2014 Base (2025-02-16 20:45)\r\n\r\n**Goal:** g\r\n\r\n---\r\n\r\n"
    "## Entry 4 \u2014 Next (2025-02-16 22:50)\r\n\r\nend"
)
EXPERIMENTS = """# Log

## 2025-02-13 - First

### Goal
g

### Experiment 1 - One
- Hypothesis: h

### Experiment 2 - Two
- Hypothesis: h

## Ongoing Template

```markdown
## YYYY-MM-DD - <experiment name>
```
"""
CHANGELOG = "# Changelog\n\n## Version Comparison\n\n| a | v0.1 |\n\n---\n\n## [0.2.0] - 2025-03-01\n\n- x\n\n---\n\n## [0.1.0] - Original\n\n- y\n"
LEARNING = "## 2025-01-01 - Old\n**Learning:** a\n**Action:** b\n"
KINDS = {
    "paper": PAPER,
    "findings": FINDINGS,
    "evidence": EVIDENCE,
    "worklog": WORKLOG,
    "logbook": LOGBOOK,
    "experiment": EXPERIMENTS,
    "changelog": CHANGELOG,
    "learning": LEARNING,
}
AUTO = parse_option("auto:J.md")


def around(text, entry=None, journal=AUTO):
    """Return what stands before and after the new entry, and the entry itself."""
    new = inserted(text, entry or small(), journal)
    (found,) = entries_in(new)
    return new[: found.start], found, new[found.end :]


@pytest.mark.parametrize("style", KINDS)
def test_style_is_found(style):
    (part,) = parts_of(KINDS[style])
    assert part.style.name == style


@pytest.mark.parametrize("style", KINDS)
def test_every_byte_of_the_rest_stays(style):
    text = KINDS[style]
    before, _, after = around(text)
    common = next((at for at, (a, b) in enumerate(zip(text, before, strict=False)) if a != b), len(before))
    kept = text[: min(common, len(text))]
    assert before.startswith(kept)
    assert set(before[len(kept) :]) <= set("\r\n-")
    assert after.endswith(text[len(kept) :])
    assert set(after[: len(after) - len(text) + len(kept)]) <= set("\r\n-")


def test_newest_first_before_the_first_entry_and_after_the_template_in_code():
    before, _, after = around(WORKLOG)
    assert before.endswith("---\n```\n\n---\n\n")
    assert after.startswith("\n---\n\n### **2025-09-17 11:45**")


def test_before_the_template_where_there_is_no_entry():
    before, _, after = around(PAPER)
    assert before.endswith("---\n\n")
    assert after.startswith("\n## YYYY-MM-DD: [Title]")


def test_findings_without_entries_end_with_the_first_one():
    before, found, after = around(FINDINGS)
    assert before == f"{FINDINGS}\n"
    assert after == ""
    assert found.body.startswith("## 2026-01-02: Fused attention [")


def test_oldest_first_counts_up_with_the_dash_and_the_line_ends_that_are_there():
    before, found, after = around(LOGBOOK)
    assert before == f"{LOGBOOK}\r\n\r\n---\r\n\r\n"
    assert found.body.startswith("## Entry 5 \u2014 Fused attention (2026-01-02 03:04)\r\n")
    assert after == ""


def test_the_empty_template_stays_last():
    before, _, after = around(EXPERIMENTS)
    assert before.endswith("### Experiment 2 - Two\n- Hypothesis: h\n\n")
    assert after.startswith("\n## Ongoing Template\n")
    _, short, after = around(EXPERIMENTS, journal=parse_option("experiment-short:J.md"))
    assert short.body.startswith("### Experiment 3 - Fused attention\n")
    assert after.startswith("\n## Ongoing Template\n")


def test_a_version_goes_before_the_others_and_after_the_matrix():
    before, found, after = around(CHANGELOG, dataclasses.replace(small(), version="v0.3.0"))
    assert before == CHANGELOG[: CHANGELOG.index("## [0.2.0]")]
    assert found.body.startswith("## [0.3.0] - 2026-01-02")
    assert after.startswith("\n---\n\n## [0.2.0]")


def test_entries_of_one_version_share_its_heading():
    text = "# C\n\n## [0.1.0] - 2025-01-01\n"
    for run, version in (("a" * 12, "v0.2.0"), ("b" * 12, "v0.2.0"), ("c" * 12, ""), ("d" * 12, "v0.2.0")):
        text = inserted(text, dataclasses.replace(small(run), version=version), parse_option("changelog"))
    assert [found.entry_id[0] for found in entries_in(text)] == ["c", "a", "b", "d"]
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## [Unreleased] - 2026-01-02",
        "## [0.2.0] - 2026-01-02",
        "## [0.1.0] - 2025-01-01",
    ]
    again = inserted(text, dataclasses.replace(small("b" * 12), version="v0.2.0"), parse_option("changelog"))
    assert again == text


@pytest.mark.parametrize("days", [("2025-01-01", "2025-02-01"), ("2025-02-01", "2025-01-01")])
@pytest.mark.parametrize("heading", ["## {}: T", "## {} - T", "### {}: T"])
def test_the_order_of_a_journal_is_that_of_its_dates(days, heading):
    text = "# J\n\n" + "".join(f"{heading.format(day)}\n**Learning:** x\n\n" for day in days)
    before, _, after = around(text)
    assert (before == text) is (days[0] < days[1])
    assert (after == "") is (days[0] < days[1])


def test_rules_divide_only_where_they_do():
    text = "# Changelog\n\n## [0.2.0] - 2025-03-01\n\n- x\n\n## [0.1.0] - 2025-02-01\n\n- y\n"
    _, _, after = around(text, dataclasses.replace(small(), version="v0.3.0"))
    assert after.startswith("\n## [0.2.0]")


def test_an_unreleased_section_by_hand_stays_on_top():
    text = CHANGELOG.replace("## [0.2.0]", "## [Unreleased]\n\n- soon\n\n## [0.2.0]", 1)
    before, _, _ = around(text, dataclasses.replace(small(), version="v0.3.0"))
    assert before.endswith("- soon\n\n")


def test_several_journals_in_one_file():
    text = f"{PAPER}{FINDINGS}{EVIDENCE}"
    assert [part.style.name for part in parts_of(text)] == ["paper", "findings", "evidence"]
    for style, following in (("paper", "## YYYY"), ("findings", "# J"), ("evidence", "### 2025-05-05")):
        _, _, after = around(text, journal=parse_option(f"{style}:J.md"))
        assert after.lstrip("\n").startswith(following)


def test_entries_keep_their_place_and_number_when_rendered_again():
    text = inserted(inserted(LOGBOOK, small("a" * 12), AUTO), small("b" * 12, days=1), AUTO)
    again = inserted(text, small("a" * 12, note="Changed."), AUTO)
    assert [found.body.partition("\r")[0] for found in entries_in(again)] == [
        "## Entry 5 \u2014 Fused attention (2026-01-02 03:04)",
        "## Entry 6 \u2014 Fused attention (2026-01-03 03:04)",
    ]


def raised(text, journal=AUTO):
    with pytest.raises(BoltError) as caught:
        inserted(text, small(), journal)
    return str(caught.value)


def test_a_journal_of_no_known_style():
    assert "the style of this journal cannot be told" in raised("# Notes\n\nSome words.\n")


def test_conflicts_of_a_merge_are_not_written_into():
    ours = f"<<<<<<< HEAD\n## 2026-01-01: Ours\n=======\n{LEARNING}>>>>>>> other\n"
    message = raised(f"# J\n\n{ours}", parse_option("paper:J.md"))
    assert "the journal holds a conflict that a merge left" in message
    assert "line  3" in message
    assert entries_in(inserted(f"# J\n\n```\n{ours}```\n", small(), parse_option("paper:J.md")))


def test_what_stands_in_a_comment_is_no_entry():
    old = "## 2026-01-05: Real\n\ntext\n"
    commented = f"# J\n\n{old}\n<!--\n## 2026-09-09: To copy\n-->\n"
    (part,) = parts_of(commented)
    assert [item.date for item in part.items(STYLES["paper"])] == ["2026-01-05"]


@given(
    st.lists(st.sampled_from([*KINDS.values(), "```\n", "~~~\n", "## ", "\r\n", "\udcff", "<!-- ", "# T\n"]))
)
@settings(max_examples=60, deadline=None)
def test_any_journal_takes_an_entry_and_gives_it_back(pieces):
    text = "".join(pieces)
    journal = parse_option("paper:J.md")
    new = inserted(text, full(), journal)
    (found,) = entries_in(new)
    rest = new[: found.start] + new[found.end :]
    assert inserted(new, full(), journal) == new
    assert [line for line in text.split() if line not in rest.split()] == []
