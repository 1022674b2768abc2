"""What `journal lint` finds in journals of every style, at which line, and what it leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals_of_styles import EVIDENCE, LEARNING, LOGBOOK, PAPER, STYLES, WORKLOG

from pytest_bolt.journal.document.reader import read_document
from pytest_bolt.journal.lint.finding import Severity
from pytest_bolt.journal.lint.run import lint


def found(text, **options):
    return [(one.line, one.rule, one.expected) for one in lint(read_document(text), **options)]


def rules(text):
    return [one.rule for one in lint(read_document(text))]


@pytest.mark.parametrize("style", STYLES)
def test_a_journal_without_a_slip_has_none(style):
    assert found(STYLES[style]) == []


@pytest.mark.parametrize(
    ("style", "was", "now", "line", "rule", "expected"),
    [
        ("paper", "-25%", "-35%", 16, "percentage", "-25 %"),
        ("paper", "| 2.6811 | 0%", "| 2.7811 | 0%", 17, "percentage", "4 %"),
        ("paper", "2026-03-01", "2026-04-01", 22, "order", ""),
        ("paper", "300 ms | -25%", "500 ms | +25%", 20, "contradiction", "refuted"),
        ("evidence", "47%", "57%", 9, "percentage", "47 %"),
        ("worklog", "0b7de4f1", "0b7de4g1", 53, "hash", ""),
        ("worklog", "0b7de4f1", "0b7de4f", 53, "hash", ""),
        ("logbook", "~17x", "~20x", 8, "ratio", "17x"),
        ("logbook", "Entry 2", "Entry 4", 12, "numbering", "2"),
        ("logbook", "Entry 2", "Entry 1", 12, "duplicate", "2"),
        ("logbook", "| 328 |", "| 382 |", 20, "throughput", "327.6 tokens/s"),
        ("logbook", "**80s**", "**90s**", 21, "throughput", "80 s"),
        ("experiment", "Experiment 2", "Experiment 3", 14, "numbering", "2"),
        ("changelog", "(ppl 10.7)", "(ppl 10.6)", 15, "perplexity", "10.7"),
        ("changelog", "(up from 8)", "(up from 16)", 12, "contradiction", "8"),
        ("changelog", "[0.1.0]", "[0.2.0]", 14, "duplicate", ""),
        ("learning", "2026-01-05", "2026-01-35", 5, "date", ""),
    ],
)  # fmt: skip
def test_one_slip_is_found_at_its_line(style, was, now, line, rule, expected):
    text = STYLES[style]
    at = text.rindex(was)
    assert (line, rule, expected) in found(text[:at] + now + text[at + len(was) :])


@pytest.mark.parametrize(
    "text",
    [
        "- 60s → 3.5s per step, ~17x faster",
        "- ~17x faster (60s → 3.5s per step)",
        "- from 2 hours 46 minutes to 2 hours 1 minute: a 27% reduction",
        "- `real`: 3m32s → 3m23s (-4.2%)",
        "- 43 GB → 430 MB, 100x less",
        "- throughput 850 tok/s → 1,250 tok/s (+47%)",
        "- 14% speedup: 3515ms → 3095ms per step",  # as a rate
        "- 12% less: 3515ms → 3095ms per step",  # as a time
        "- ~964ms/iter (12-core, batch=128) vs ~3879ms/iter (single core) = **~4\u00d7**",
        "- ~215s/1000 iter (down from ~450s) - **2.1\u00d7 faster**",
        "- ~4.77M parameters (up from ~800K, 6x increase)",
        "- more than 2x faster (9s → 3s); up to 5x faster (9s → 3s)",
        "- nearly 3x faster (29s → 10.8s)",
        "- accuracy rose from 80% to 84% (+4 points)",
        "- the heads went from 4 to 8 while the loss fell by 3%",
        "- loss 2.68 → 2.67, 15% faster",  # faster speaks of something else
        "- 780s to about 280s per epoch (2.8x)",
        "- unchanged (10.82% → 10.94%) and registers went up (138 → 194)",
        "- best by 1.2x, and at 128 threads it is 5.82 vs 7.81 = 1.34x",
        "- doubling warps takes issue slots from 17% to 20.5%",
        "- max batch doubles: B=8 → B=16",
        "- 2x(33.43+13.52) = 93.9M sectors",
        "- alpha = sigmoid(5.0) = 0.993, p(1) = 2.03 and math.sqrt(16) = 4",
        "- B=4 T=256, h_cycles=3, l_cycles=2 (total 6 iterations = same as 6 layers)",
        "- 2 x N_EMBD x 64 = 8,192 and K = 10-20 = wide",
        "- 162/1024 (16%) entries, 5 of 8 (62%) runs, 2046 - 1023 = 1023",
        "- 129 doubles x 55 arrays = 56,760 B/thread",
        "- (3.28 - mean)·√8 = 0.00554 and 10% of 2000 = 200 and 12 * 6 * 256² = 4,718,592",
        "- 8,589,934,592 bytes (8.0 GiB), 1000 iterations at 78 ms = 87 s of wall time",
        "- three times faster: 100 ms → 33 ms; reduced by a factor of 4: 100 ms → 25 ms",
        "- loss unchanged: 2.6811 → 2.6815; 120ms before, 80ms after (33% less)",
        "- 60s → 20s (5x runs averaged), 262K instead of 25.7M (100x smaller)",
        "- 30% slower, 50% less memory; v0.7.1 → v0.8.0 in fp16",
    ],
)
def test_what_can_be_right_is_left_alone(text):
    assert found(text + "\n") == []


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("- 60s → 3.5s per step, 27x faster", "ratio", "17x"),
        ("- 43 GB → 430 MB, 10x less", "ratio", "100x"),
        ("- from 2 hours 46 minutes to 2 hours 1 minute: a 72% reduction", "percentage", "27 %"),
        ("- throughput 850 tok/s → 1,250 tok/s (-47%)", "percentage", "-47.1 %"),
        ("- 780s to about 280s per epoch (3.8x)", "ratio", "2.8x"),
        ("- max batch doubles: B=8 → B=20", "ratio", "2.5x"),
        ("- more than 4x faster (9.0s → 3.0s)", "ratio", "3x"),
        ("- accuracy rose from 80.0% to 84.0% (+9 points)", "percentage", "+4 percentage points"),
        ("- 162/1024 (61%) entries", "percentage", "16 %"),
        ("- log(2000) = 6.7 nats", "arithmetic", "7.601"),
        ("- 0.6 x 3000 = 18", "arithmetic", "1,800"),
        ("- 3.3 + 5.9 = 9.8 ms", "arithmetic", "9.2"),
        ("- 2^10 = 1,000", "arithmetic", "1,024"),
        ("- 10% of 2000 = 20", "arithmetic", "200"),
        ("- 12 * 6 * 256² = 4,817,592", "arithmetic", "4,718,592"),
        ("- 1/√64 = 0.25", "arithmetic", "0.125"),
        ("- 8,589,934,592 bytes (8.0 GB)", "unit", "8.0 GiB"),
        ("- three times faster: 100 ms → 25 ms", "ratio", "4x"),
        ("- reduced by a factor of 5: 100 ms → 25 ms", "ratio", "4x"),
        ("- Step time: 120ms before, 90ms after (33% less)", "percentage", "25 %"),
        ("- Throughput went up 30% (1000 tok/s to 1500 tok/s)", "percentage", "50 %"),
        ("- the same as before (3.50s vs 4.20s)", "percentage", "+20.0 %"),
        ("- 64 → 256 (8x context)", "ratio", "4x"),
        ("- memory down 120%", "wording", "at most 100 %"),
        ("- **Commit:** `deadbeefdeadbeefdeadbeefdeadbeefdeadbeef`", "hash", ""),
        ("- a reduction by 120%: reduced by 120%", "wording", "at most 100 %"),
        ("- 0.5x faster than before", "wording", "2x slower, or 0.5x the speed"),
        ("- Commit: `abc12`", "hash", ""),
        ("- Commit: `1234567890abcdef1234567890abcdef12345678`", "hash", ""),
        ("- Commit: `98bdccae3f0a71d2455b9ef6c4a1d8e07b1c2f9`", "hash", ""),
        ("- Commit: `[paste hash]`", "placeholder", ""),
    ],
)
def test_what_cannot_be_right_is_found(text, rule, expected):
    assert (1, rule, expected) in found(text + "\n")


def test_a_wrong_percentage_of_points_is_not_taken_for_points():
    finding = lint(read_document("- accuracy rose from 80.0% to 84.0% (+4%)\n"))[0]
    assert (finding.rule, finding.severity, finding.expected) == (
        "percentage",
        Severity.ADVICE,
        "4 percentage points",
    )


def test_a_table_without_named_columns_is_judged_by_what_explains_it():
    rows = [
        "| a | 20.6 | 15.8 | 1.3x |",
        "| b | 6.42 | 9.53 | 1.5x |",
        "| c | 44 | 37 | 1.2x |",
        "| d | 60 | 12 | 5x |",
    ]
    table = "| feature | human | synth | ratio |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    assert found(table) == []
    assert found(table.replace("| 5x |", "| 7x |")) == [(6, "ratio", "5x")]


def test_a_column_of_speedups_is_judged_by_its_first_row():
    table = "| how | tok/s | x |\n|---|---|---|\n| base | 630K | 1.00x |\n| a | 564K | 0.90x |\n| b | 740K | 1.17x |\n| c | 900K | 1.43x |\n"
    assert found(table) == []
    assert found(table.replace("0.90x", "0.70x")) == [(4, "ratio", "0.90x")]


def test_a_table_that_nothing_explains_is_left_alone():
    table = "| a | b | c | ratio |\n|---|---|---|---|\n| x | 1 | 2 | 7x |\n| y | 3 | 5 | 9x |\n| z | 8 | 9 | 4x |\n"
    assert found(table) == []


def test_totals_add_up():
    table = "| phase | time |\n|---|---|\n| a | 10 ms |\n| b | 20 ms |\n| c | 30 ms |\n| Total | {} |\n"
    assert found(table.format("60 ms")) == []
    assert found(table.format("80 ms")) == [(6, "arithmetic", "60")]
    assert found(table.format("80 ms").replace("| a |", "| a (each) |")) == []


def test_a_change_with_its_interval_may_be_no_ratio_of_what_is_printed():
    table = "| m | Before | After | Change |\n|---|---|---|---|\n| t | 1.46 ms | 180 us | {} |\n"
    assert found(table.format("8.65x [8.24, 9.04]; faster")) == []
    assert found(table.format("86.5x [82.4, 90.4]; faster")) == [(3, "ratio", "8.1x")]


def test_a_wrong_perplexity_is_found_wherever_it_is_repeated():
    text = "- val loss 2.3716 (ppl 10.6)\n- ppl of 10.6 again, 10.8 before\n\n| m | v |\n|---|---|\n| Best ppl | **10.6** |\n"
    assert [line for line, rule, _ in found(text) if rule == "perplexity"] == [1, 2, 6]


def test_losses_and_perplexities_pair_by_their_names():
    table = "| m | v |\n|---|---|\n| Val loss @ 1000 | 2.38 |\n| Best val loss | 2.25 |\n| Val ppl @ 1000 | 10.8 |\n| Best val ppl | {} |\n"
    assert found(table.format("9.5")) == []
    assert found(table.format("9.7")) == [(6, "perplexity", "9.5")]


def test_printed_output_is_read_for_its_perplexities_only():
    fence = "```\nVal: 3.5812 (ppl 39.5) 1 + 1 = 3\n```\n"
    assert found(fence) == [(2, "perplexity", "35.9")]
    assert found(fence.replace("```\n", "```python\n", 1)) == []


def test_garbled_arithmetic_is_arithmetic():
    text = "Tokens: 128\u00d764 = 64\u00d7256 = 8,192\n".encode().decode("cp1252")
    assert [rule for _, rule, _ in found(text)] == ["encoding", "arithmetic"]


def test_an_order_against_the_style_throughout_is_advice():
    swapped = "# Worklog\n### **2026-03-01 10:00**\n### **2026-03-02 10:00**\n### **2026-03-03 10:00**\n"
    assert [(one.rule, one.severity) for one in lint(read_document(swapped))] == [("order", Severity.ADVICE)]


def test_the_entry_to_blame_is_the_one_without_which_the_order_is_right():
    days = ["2026-03-09", "2026-03-08", "2026-01-01", "2026-03-06", "2026-03-05"]
    text = "# Worklog\n" + "".join(f"### **{day} 10:00**\n" for day in days)
    assert [(line, rule) for line, rule, _ in found(text)] == [(4, "order")]


def test_an_outcome_of_ours_is_held_against_its_interval():
    text = "1. **confirmed** (effect): less\n   `a: loss >= 0.5`: 0.7 [{}, 0.8] is wholly >= 0.5\n"
    assert found(text.format("0.6")) == []
    assert [line for line, _, _ in found(text.format("0.4"))] == [2]
    assert [line for line, _, _ in found(text.format("0.6").replace("confirmed", "refuted"))] == [1]


def test_a_claim_that_our_entry_quotes_is_not_ours():
    body = "## 2026-03-01: A claim\n1. fast (effect; stated: 128 x 64 = 64 x 256 = 8,192)\n"
    ours = (
        f"<!-- bolt:entry r1 2026-03-01T00:00:00+00:00 -->\n{body}<!-- /bolt:entry r1 0123456789abcdef -->\n"
    )
    assert "arithmetic" in rules(body)
    assert rules(ours) == []


def test_a_missing_field_is_advice():
    text = WORKLOG.replace("**Artifacts:**\n*   **Commit:** `0b7de4f1a89c23365dd1f0a4be97c5528e6f4a17`\n", "")
    assert [(line, rule, expected) for line, rule, expected in found(text)] == [
        (38, "missing-field", "artifact, commit")
    ]
    assert rules(EVIDENCE.replace("- **Strategy:** One kernel.\n", "")) == []


def test_other_notes_under_a_date_lack_nothing():
    assert rules("## 2026-01-01: a\nwords\n\n## 2025-12-01: b\n### Results\nwords\n") == []


def test_a_hash_that_the_repository_does_not_know():
    text = "- Commit: `98bdcca`\n- Commit: `e92de86`\n"
    assert found(text, known=lambda hashes: frozenset(hashes) - {"e92de86"}) == [(2, "hash", "")]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- bolt:lint-ignore ratio batches differ -->\n- ~20x faster (60s → 3.5s)\n",
        "- ~20x faster (60s → 3.5s) <!-- bolt:lint-ignore arithmetic,ratio -->\n",
    ],
)
def test_a_finding_can_be_left_out_by_its_rule(text):
    assert found(text) == []
    assert found(text.replace("ratio", "unit")) != []


def test_rules_are_selected_and_ignored_by_name():
    text = "- ~20x faster (60s → 3.5s), 0.5x slower\n"
    assert [rule for _, rule, _ in found(text)] == ["ratio", "wording"]
    assert [rule for _, rule, _ in found(text, select=["wording"])] == ["wording"]
    assert [rule for _, rule, _ in found(text, ignore=["wording"])] == ["ratio"]


PIECES = st.one_of(
    st.sampled_from(
        [
            *STYLES.values(),
            "128x64 = 64x256 = ",
            "~20x (",
            "→",
            "| - |\n|---|---|\n",
            "exp(",
            "9" * 400,
            "ppl ",
        ]
    ),
    st.text(alphabet="0123456789.,%x→()=~-+*/^ \n|`#<>eE§msGBv[]:", max_size=40),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=6), st.integers(0, 400), st.integers(0, 400))
def test_no_journal_makes_it_crash(pieces, start, stop):
    text = "".join(pieces)
    lint(read_document(text[start:] + text[:stop]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([PAPER, LOGBOOK, LEARNING, STYLES["changelog"]]), st.data())
def test_a_journal_with_a_piece_cut_out_can_be_linted(text, data):
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    inside = data.draw(st.text(max_size=10))
    for finding in lint(read_document(text[:start] + inside + text[stop:])):
        assert finding.line >= 1
        assert finding.column >= 0
