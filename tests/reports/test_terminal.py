from __future__ import annotations

import dataclasses
import shlex

import pytest
from golden_files import agrees
from report_samples import BASE, ESC, compared, every_verdict, full, hostile, interval, run, summary

from pytest_bolt.core.case import Workload
from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.terminal import failure_message, lines


def text_of(summary, width=None, limits=None):
    return "\n".join(line.text for line in lines(summary, width=width, limits=limits))


def row_of(summary, node_id, width=None):
    return next(line for line in lines(summary, width=width) if line.text.startswith(node_id))


def test_whole_table():
    assert agrees("terminal.txt", text_of(full()) + "\n")


def test_whole_table_on_a_narrow_terminal():
    assert agrees("terminal_80.txt", text_of(full(), width=80) + "\n")


def test_hostile_texts():
    assert agrees("terminal_hostile.txt", text_of(hostile()) + "\n")


def test_batch_of_2_ms_and_100_iterations_prints_20_us():
    cells = row_of(summary(compared(ratio=interval(1.5, 1.4, 1.6))), "suites").text.split("  ")
    assert [cell.strip() for cell in cells if cell.strip()][1:4] == [
        "20.0 us",
        "30.0 us",
        "+50.0 % [+40.0, +60.0]",
    ]


@pytest.mark.parametrize(
    ("base_ms", "head_ms", "printed"),
    [(2.0, 1.0, "-50.0 %"), (1.0, 2.0, "+100.0 %"), (3.0, 3.0, "+0.0 %"), (212.0, 203.0, "-4.2 %")],
)
def test_change_is_of_the_base(base_ms, head_ms, printed):
    ratio = head_ms / base_ms
    assert f" {printed}  " in text_of(summary(compared(ratio=interval(ratio, ratio, ratio))))


def test_coverage_is_the_last_line():
    assert text_of(full()).splitlines()[-1] == full().coverage()
    assert text_of(summary()).splitlines()[-1] == "0 of 0 judged"


def test_most_severe_first_then_by_node_id():
    shuffled = summary(
        compared("b"), compared("c", Verdict.INCORRECT), compared("a"), compared("d", Verdict.SLOWER)
    )
    rows = [line.text[:1] for line in lines(shuffled, width=None)][1:5]
    assert rows == ["c", "d", "a", "b"]


def test_wrong_answer_has_no_speed():
    row = row_of(full(), "suites/test_x.py::test_wrong").text
    assert row.split("test_wrong")[1].split() == ["-", "-", "-", "-", "INCORRECT,", "failed"]


def test_undecided_does_not_look_like_a_pass():
    unclear, same = (row_of(full(), f"suites/test_x.py::test_{name}") for name in ("unclear", "same"))
    assert "INCONCLUSIVE" in unclear.text
    assert "8.1 %" in unclear.text
    assert unclear.markup != same.markup
    assert not unclear.markup.get("green")


@pytest.mark.parametrize("width", [None, 20, 80, 1000])
def test_no_node_id_is_ever_cut(width):
    long = "suites/test_x.py::test_x[" + "p" * 300 + "]"
    assert long in text_of(summary(compared(long)), width)


def test_off_a_terminal_every_row_has_its_whole_id():
    text = text_of(full())
    assert all(c.case.case_id.node_id in text for c in every_verdict())


def test_on_a_terminal_the_common_part_is_said_once():
    text = text_of(full(), width=300)
    assert text.startswith("benchmarks in suites/test_x.py::\n")
    assert text.count("suites/test_x.py") == 1
    assert "\ntest_slower[big-fp32]  " in text


def test_common_part_ends_at_a_boundary():
    pair = summary(compared("a/test_x.py::test_ab"), compared("a/test_xy.py::test_ab"))
    assert text_of(pair, width=300).splitlines()[0] == "benchmarks in a/"


def test_terminal_lines_fit_where_the_numbers_do():
    wide = [line.text for line in lines(full(), width=100) if "us" in line.text]
    assert max(map(len, wide)) <= 100


def test_both_commits_and_dirty_mark():
    text = text_of(full())
    assert "\nbase 0123456789 (main)\n" in text
    assert "\nhead abcdef0123+ (feature/fused)\n" in text


def test_same_code_says_that_it_is_noise():
    said = "both trees hold the same code: this measures noise only"
    ratio = interval(1.0, 0.99, 1.01)
    assert said in text_of(summary(compared(ratio=ratio, noise_only=True)))
    assert said not in text_of(summary(compared(ratio=ratio, noise_only=True), compared(ratio=ratio)))


def test_throughput_and_share_of_the_limit():
    work = Workload(bytes=400_000, flops=1_000, dtype="fp32")
    limits = MachineLimits(bytes_per_second=40e9, flops_per_second={"fp32": 1e12})
    text = text_of(summary(compared(ratio=interval(1.0, 0.99, 1.01), workload=work)), limits=limits)
    # 400 kB in 20 us is 20 GB/s, half of 40 GB/s
    assert text.count("20.0 GB/s  20.0 GB/s") == 1
    assert "50 % (memory)" in text


def test_throughput_of_what_arithmetic_limits():
    work = Workload(bytes=8, flops=4_000_000, dtype="fp32")
    limits = MachineLimits(bytes_per_second=40e9, flops_per_second={"fp32": 1e12})
    text = text_of(summary(compared(ratio=interval(1.0, 0.99, 1.01), workload=work)), limits=limits)
    # 4 MFLOP in 20 us is 200 GFLOP/s, a fifth of 1 TFLOP/s
    assert "200 GFLOP/s  200 GFLOP/s" in text
    assert "20 % (compute)" in text


def test_limits_are_of_their_own_device():
    made = compared(ratio=interval(1.0, 0.99, 1.01), workload=Workload(bytes=400_000))
    text = text_of(summary(made), limits=MachineLimits(device="cuda:0", bytes_per_second=40e9))
    assert "20.0 GB/s  20.0 GB/s  -\n" in text


def test_no_throughput_for_a_wrong_answer():
    work = Workload(bytes=400_000)
    assert "GB/s" not in text_of(summary(compared("a", Verdict.INCORRECT, interval(1, 1, 1), workload=work)))


def test_nothing_unprintable_reaches_the_terminal():
    for line in lines(hostile(), width=None):
        assert line.text.isprintable() or not line.text
    assert ESC not in failure_message(hostile().comparisons[-1], hostile().run)


def test_failure_of_a_slow_benchmark():
    slower = every_verdict()[1]
    assert failure_message(slower, run()).splitlines() == [
        "SLOWER: +20.0 % [+15.0, +25.0] (ratio 1.200), margin 5 %",
        "  base  0123456789 (main)  20.0 us",
        "  head  abcdef0123+ (feature/fused)  24.0 us",
        "  paired, wall time without preempted parts (filt), 8 process pairs; smallest effect visible 3 %",
        "  -> pytest-bolt show 0a1b2c3d4e5f 'suites/test_x.py::test_slower[big-fp32]'",
        "  -> pytest --bolt-compare=main 'suites/test_x.py::test_slower[big-fp32]'",
    ]


def test_failure_of_a_wrong_benchmark_shows_no_speed():
    message = failure_message(every_verdict()[7], run())
    assert message.startswith("INCORRECT: error 40 times the framework's own at (3, 7)\n")
    assert "element 5\n  ...\n" in message
    assert "element 6" not in message
    assert not any(word in message for word in ("us", "ratio", "%"))


def test_failure_of_a_missing_benchmark():
    message = failure_message(every_verdict()[5], run())
    assert message.startswith("MISSING, margin 5 %\n  base  0123456789 (main)  -\n")


def test_failure_of_an_undecided_benchmark_says_what_could_have_been_seen():
    message = failure_message(dataclasses.replace(every_verdict()[3], failed=True), run())
    assert message.startswith("INCONCLUSIVE: +4.0 % [-2.0, +10.0]")
    assert "smallest effect visible 8.1 %" in message


def test_failure_without_a_base():
    message = failure_message(every_verdict()[1], run(base=None))
    assert "base " not in message
    assert "-> pytest --bolt 'suites" in message


@pytest.mark.parametrize("node_id", ["t.py::t[a b]", "t.py::t['; rm -rf ~]", "t.py::t[$HOME `x`]"])
def test_commands_survive_a_shell(node_id):
    commands = failure_message(compared(node_id, Verdict.SLOWER), run()).splitlines()[-2:]
    show, rerun = (shlex.split(line.removeprefix("  -> ")) for line in commands)
    assert show == ["pytest-bolt", "show", "0a1b2c3d4e5f", node_id]
    assert rerun == ["pytest", "--bolt-compare=main", node_id]


def test_base_without_a_name_is_compared_by_its_hash():
    message = failure_message(compared(), run(base=dataclasses.replace(BASE, name="")))
    assert f"--bolt-compare={BASE.commit} " in message


def test_infinite_interval_is_printed():
    assert "[+0.0, -]" in text_of(summary(compared(ratio=Interval(estimate=1.0, low=1.0, high=float("inf")))))
