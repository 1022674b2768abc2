from __future__ import annotations

import re

import pytest
from golden_files import agrees
from markdown_it import MarkdownIt
from report_samples import BASE, HEAD, HOSTILE, compared, every_verdict, full, hostile, interval, summary

from pytest_bolt.core.case import Workload
from pytest_bolt.core.comparison import Metric
from pytest_bolt.core.record import RunState
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.markdown import COMMENT_BUDGET, outcome, render
from pytest_bolt.reports.sections import Budget, characters

OWN_HTML = {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}


def parsed(text):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def inline(text):
    return [child for token in parsed(text) for child in token.children or ()]


def tables(text):
    """Return the tables as lists of rows of cells, cells as the plain text that a reader sees."""
    found = []
    for token in parsed(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level == 4:
            found[-1][-1].append(
                "".join(child.content for child in token.children if child.type != "html_inline")
            )
    return found


def seen(node_id):
    return node_id.replace("\n", "\\n").replace("\x1b", "\\x1b")


def test_whole_report():
    assert agrees("report.md", render(full()))


def test_hostile_report():
    assert agrees("report_hostile.md", render(hostile()))


def test_first_line_is_verdict_counts_and_coverage():
    first = render(full()).splitlines()[0]
    assert first == (
        "**Failed: 1 incorrect, 1 incomparable, 1 missing, 1 new, 1 slower, 1 faster, 1 same, 1 inconclusive of 8** "
        "(4 of 8 judged, 1 incomparable, 1 missing, 1 new, 1 inconclusive)"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Passed"),
        ({"state": RunState.INTERRUPTED}, "Stopped early"),
        ({"base": None}, "Measured"),
    ],
)
def test_outcome_of_a_run(fields, said):
    same = compared(ratio=interval(1.0, 0.99, 1.01))
    assert outcome(summary(same, **fields)) == said


def test_a_run_that_judged_nothing_has_not_passed():
    assert outcome(summary(compared(verdict=Verdict.INCONCLUSIVE))) == "Nothing judged"


def test_a_failed_metric_fails_the_run():
    worse = Metric(name="loss", unit="", better="lower", base=1.0, head=2.0, gated=True, failed=True)
    assert outcome(summary(compared(metrics=(worse,)))) == "Failed"


def test_changes_are_open_and_the_rest_is_folded():
    opened, folded = render(full()).split("<details>", maxsplit=1)
    for name in ("wrong", "refused", "gone", "new", "slower", "faster"):
        assert f"test_{name}" in opened
    for name in ("same", "unclear"):
        assert f"test_{name}" not in opened
        assert f"test_{name}" in folded


def test_undecided_are_not_folded_among_the_same():
    text = render(full())
    assert "<summary>Cannot tell: 1</summary>" in text
    assert "<summary>Same: 1</summary>" in text


def test_nothing_changed():
    text = render(summary(compared(ratio=interval(1.0, 0.99, 1.01))))
    assert "Nothing changed that this run could see." in text


def test_wrong_answer_has_no_speed():
    rows = [row for table in tables(render(full())) for row in table if "test_wrong" in row[0]]
    assert rows == [["suites/test_x.py::test_wrong", "cpu", "-", "-", "-", rows[0][5]]]
    assert rows[0][5].startswith("INCORRECT, failed; error 40 times")


def test_batch_of_2_ms_and_100_iterations_prints_20_us():
    (header, row), *_ = tables(render(summary(compared(ratio=interval(1.5, 1.4, 1.6)))))
    assert header[2:5] == ["base", "head", "change"]
    assert row[2:5] == ["20.0 us", "30.0 us", "+50.0 % [+40.0, +60.0]"]


def test_hostile_texts_cannot_break_a_table():
    shapes = {len(row) for table in tables(render(hostile())) for row in table}
    assert shapes == {6, 2}
    ids = {row[0] for table in tables(render(hostile())) for row in table}
    assert {seen(node_id) for node_id in HOSTILE} <= ids


def test_hostile_texts_cannot_inject_html():
    tokens = parsed(render(hostile()))
    html = [token.content for token in tokens if token.type == "html_block"]
    html += [token.content for token in inline(render(hostile())) if token.type == "html_inline"]
    found = {tag for text in html for tag in re.findall(r"<[^>]*>", text)}
    assert found <= OWN_HTML
    assert "<code>" in found


def test_hostile_texts_cannot_mention_link_or_head():
    text = render(hostile())
    prose = "".join(outside_code(text))
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.", prose, re.IGNORECASE)
    assert not any(token.type in {"link_open", "image"} for token in inline(text))
    headings = [token for token in parsed(text) if token.type == "heading_open"]
    assert len(headings) == 2  # Incorrect, Slower


def outside_code(text):
    depth = 0
    for token in inline(text):
        if token.type == "html_inline":
            depth += {"<code>": 1, "</code>": -1}.get(token.content, 0)
        elif token.type == "text" and not depth:
            yield token.content


def test_command_names_both_hashes():
    (block,) = [token.content for token in parsed(render(full())) if token.type == "fence"]
    assert block == f"git checkout {HEAD.commit}\npytest --bolt-compare={BASE.commit} -k 'a or b'\n"


@pytest.mark.parametrize("typed", [("--bolt-compare", "main"), ("--bolt-compare=main",)])
def test_base_in_the_command_is_replaced_however_it_was_typed(typed):
    text = render(summary(command=("pytest", *typed, "x.py")))
    assert f"\npytest --bolt-compare={BASE.commit} x.py\n" in text


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("pytest", "-x", "a.py"), f"pytest --bolt-compare={BASE.commit} -x a.py"),
        (("python", "-m", "pytest", "a.py"), f"python -m pytest --bolt-compare={BASE.commit} a.py"),
    ],
)
def test_a_base_that_was_asked_for_in_the_environment_is_in_the_command(command, line):
    assert f"\n{line}\n" in render(summary(command=command))


@pytest.mark.parametrize("fields", [{"mode": "baseline"}, {"mode": "measure", "base": None}, {"base": HEAD}])
def test_a_run_without_another_commit_names_none(fields):
    assert "\npytest --bolt-aa x.py\n" in render(summary(command=("pytest", "--bolt-aa", "x.py"), **fields))


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1e9, "+1e+11 %"), (2e6, "+199999900.0 %"), (1e12, "+1e+14 %"), (1e-12, "-100.0 %")],
)
def test_a_change_beyond_reading_is_written_with_an_exponent(ratio, text):
    assert text in render(summary(compared(verdict=Verdict.SLOWER, ratio=interval(ratio, ratio, ratio))))


def test_numbers_without_end_take_no_room():
    huge = Metric(name="m", unit="B", better="lower", base=-1e300, head=1e300, failed=True)
    made = compared(verdict=Verdict.SLOWER, ratio=interval(1.2, 1.1, 1.3), detectable=1e300, metrics=(huge,))
    assert max(len(line) for line in render(summary(made)).splitlines()) < 200


def test_dirty_tree_is_not_promised_back():
    assert "they are not restored" in render(full())


def test_same_code_says_that_it_is_noise():
    text = render(summary(compared(ratio=interval(1.0, 0.99, 1.01), noise_only=True)))
    assert "**both trees hold the same code: this measures noise only**" in text


def test_noise_and_smallest_effects():
    text = render(full())
    assert "smallest effect that could have been seen: 3 % to 8.1 %" in text
    assert "noise floor 1.2 %" in text


def test_throughput():
    work = Workload(bytes=400_000)
    text = render(
        summary(compared(ratio=interval(1.0, 0.9, 1.1), workload=work)), MachineLimits(bytes_per_second=40e9)
    )
    assert ["suites/test_x.py::test_x", "20.0 GB/s", "20.0 GB/s", "50 % (memory)"] in tables(text)[-2]


def many(count, verdict, ratio):
    return [compared(f"tests/{verdict}.py::t[{n}-{'x' * 60}]", verdict, ratio) for n in range(count)]


def test_long_reports_shed_whole_sections_in_order():
    same, slower = (
        many(300, Verdict.SAME, interval(1, 0.99, 1.01)),
        many(100, Verdict.SLOWER, interval(1.2, 1.1, 1.3)),
    )
    text = render(summary(*same, *slower))
    assert COMMENT_BUDGET.holds(text)
    assert text.splitlines()[-1] == "Left out, because the report would be too long: unchanged benchmarks."
    assert [len(table) for table in tables(text)][:3] == [26, 76, 3]
    assert "git checkout" in text


def test_even_the_changes_are_shed_least_severe_first():
    faster = many(400, Verdict.FASTER, interval(0.8, 0.7, 0.9))
    slower = many(400, Verdict.SLOWER, interval(1.2, 1.1, 1.3))
    text = render(summary(*faster, *slower, *every_verdict()))
    assert COMMENT_BUDGET.holds(text)
    assert text.splitlines()[-1].endswith("unchanged benchmarks, 376 more faster, 376 more slower.")
    assert [len(table) for table in tables(text)] == [2, 2, 2, 2, 26, 26, 2, 3]
    assert text.startswith("**Failed: 1 incorrect,")


def test_the_largest_changes_of_many_are_shown_first():
    ratios = [1.1 + n / 1000 for n in range(60)]
    slower = [
        compared(f"t{n}", Verdict.SLOWER, interval(r, r - 0.01, r + 0.01)) for n, r in enumerate(ratios)
    ]
    first, more, *_ = tables(render(summary(*slower)))
    assert [row[0] for row in first[1:4]] == ["t59", "t58", "t57"]
    assert [row[0] for row in more[1:]] == [f"t{n}" for n in range(34, -1, -1)]
    assert "<summary>Slower, more: 35</summary>" in render(summary(*slower))


@pytest.mark.parametrize("length", [3, 50, 4000, 60_000])
def test_no_text_is_too_long_for_any_budget_that_holds_the_headline(length):
    made = summary(*many(40, Verdict.SLOWER, interval(1.2, 1.1, 1.3)), *every_verdict())
    text = render(made, budget=Budget(characters=length))
    assert Budget(characters=max(length, 1500)).holds(text)
    assert text.startswith("**Failed: ")
    for table in tables(text):
        assert len(table) > 1
        assert len({len(row) for row in table}) == 1
    assert text.count("<details>") == text.count("</details>")


def test_length_is_counted_in_utf_16_and_in_bytes():
    assert characters("a\N{MUSICAL SYMBOL G CLEF}\ud800") == 4
    assert Budget(characters=4).holds("aa\N{MUSICAL SYMBOL G CLEF}")
    assert not Budget(characters=3).holds("aa\N{MUSICAL SYMBOL G CLEF}")
    assert not Budget(size=3).holds("\N{MUSICAL SYMBOL G CLEF}")
    assert Budget(characters=100, size=8).smaller() == Budget(characters=75, size=6)


def test_nothing_compared():
    text = render(summary())
    assert text.startswith("**Nothing judged: no benchmark was compared** (0 of 0 judged)")
