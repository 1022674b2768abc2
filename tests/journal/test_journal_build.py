from __future__ import annotations

import dataclasses

import pytest
from journal_samples import BASE, HEAD, compared, full, loss, memory, summary

from pytest_bolt.core.ruling import Ruling
from pytest_bolt.core.statements import numbered
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.journal.build import entry_of
from pytest_bolt.journal.entry import Kind


def titled(**fields):
    return entry_of(summary(head=dataclasses.replace(HEAD, **fields))).title


@pytest.mark.parametrize(
    ("branch", "subject", "diff_hash", "title"),
    [
        ("feature/fused-attention", "Fuse it", "", "Fused attention"),
        ("user/12/new_softmax", "Fuse it", "", "New softmax"),
        ("main", "Fuse it", "", "Fuse it"),
        ("", "Fuse\nit", "", "Fuse it"),
        ("master", "Fuse it", "d1ff", "Uncommitted changes after: Fuse it"),
        ("", "", "", "Run 0a1b2c3d4e5f"),
        ("a/--", "", "", "A/--"),
    ],
)
def test_title(branch, subject, diff_hash, title):
    assert titled(branch=branch, subject=subject, diff_hash=diff_hash) == title


def test_batch_of_2_ms_and_100_iterations_prints_20_us():
    (row,) = entry_of(summary(compared(low=0.49, high=0.51))).results
    assert (row.before, row.after, row.change) == ("20.0 us", "10.0 us", "-50.0 % [-51.0, -49.0]")


def test_the_seeds_change_is_of_the_base():
    # 3m32s to 3m23s is -4.25 %, which the seed rounds to -4.5 %
    made = compared(metrics=(dataclasses.replace(loss(212.0, 203.0), name="real", unit="s"),))
    row = entry_of(summary(made)).results[1]
    assert (row.metric, row.before, row.after, row.change) == ("real", "212 s", "203 s", "-4.2 %")


def test_recorded_metrics_have_rows():
    rows = entry_of(
        summary(compared(metrics=(loss(2.6811, 2.5), memory(2**30, 2**29), loss(None, 1.0))))
    ).results
    assert [(row.before, row.after, row.change.split(" [")[0]) for row in rows[1:]] == [
        ("2.6811 nats", "2.5 nats", "-6.8 %"),
        ("1.00 GiB", "512 MiB", "-50.0 %"),
        ("-", "1 nats", "-"),
    ]


def test_wrong_answer_has_no_numbers():
    made = compared(verdict=Verdict.INCORRECT, metrics=(loss(1.0, 2.0),), reason="zeros")
    (row,) = entry_of(summary(made)).results
    assert (row.before, row.after, row.change, row.verdict, row.reason) == (
        "-",
        "-",
        "-",
        "INCORRECT",
        "zeros",
    )


def test_undecided_row_says_what_could_have_been_seen():
    (row,) = entry_of(summary(compared(verdict=Verdict.INCONCLUSIVE))).results
    assert row.verdict == "INCONCLUSIVE, smallest effect visible 3 %"


@pytest.mark.parametrize(
    ("text", "kind", "ruling"),
    [
        ("time <= 1x base", Kind.BENCHMARK, Ruling.CONFIRMED),
        ("time <= 0.5x base", Kind.FAILED, Ruling.REFUTED),
        ("time <= 0.95x base", Kind.BENCHMARK, Ruling.INCONCLUSIVE),
        ("other: time <= 1x base", Kind.BENCHMARK, Ruling.NOT_COMPARABLE),
    ],
)
def test_what_became_of_it_is_computed(text, kind, ruling):
    entry = entry_of(summary(compared(), statements=numbered(["h"], "option", [text])))
    assert (entry.kind, entry.ruled.ruling) == (kind, ruling)


def test_same_code_is_a_no_op():
    said = numbered([], "option", ["time <= 0.5x base"])
    entry = entry_of(summary(compared(noise_only=True), statements=said))
    assert entry.ruled.ruling is Ruling.NO_OP
    assert entry.kind is Kind.NO_OP
    assert entry.notes[0] == "both trees hold the same code: this measures noise only"


def test_commands_and_hashes_are_whole():
    entry = full()
    assert entry.commands == (
        "pytest --bolt-compare=main -k 'a or b'",
        f"git checkout {HEAD.commit}",
        f"pytest --bolt-compare={BASE.commit} -k 'a or b'",
    )
    assert (entry.head.commit, entry.head.diff_hash, entry.base.commit) == (
        HEAD.commit,
        HEAD.diff_hash,
        BASE.commit,
    )


def test_run_without_a_base():
    assert entry_of(summary(compared(), base=None)).base is None
