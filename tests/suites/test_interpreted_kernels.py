"""A user's Triton kernels on a machine without a GPU: interpreted, checked as such, never timed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from pytest_bolt.core.tolerance import Tier
from pytest_bolt.correctness import check
from pytest_bolt.correctness.expectation import of_interpreted_kernels
from pytest_bolt.correctness.gate import Incorrect
from pytest_bolt.devices.kernel_interpreter import choose

KERNEL = """
import torch
import triton
import triton.language as tl


{decorators}
@triton.jit
def softmax_kernel(out, x, columns, SIZE: tl.constexpr):
    places = tl.program_id(0) * columns + tl.arange(0, SIZE)
    seen = tl.arange(0, SIZE) < columns
    values = tl.load(x + places, mask=seen, other=float("-inf")).to(tl.float32)
    weights = tl.exp(values - tl.max(values, 0))
    tl.store(out + places, weights / tl.sum(weights, 0), mask=seen)


def softmax(x, dim):
    rows = x.movedim(dim, -1).contiguous()
    out = torch.empty_like(rows)
    columns = rows.shape[-1]
    softmax_kernel[(rows.numel() // columns,)](out, rows, columns, SIZE=triton.next_power_of_2(columns))
    return out.movedim(-1, dim)
"""
PLAIN = "import torch\n\ndef run_softmax(x, dim):\n    return torch.softmax(x, dim)\n"


@pytest.mark.parametrize(("cuda", "said", "wanted"), [(True, "", None), (False, "", "1"), (False, "0", "0")])
def test_a_user_s_kernels_are_interpreted_only_without_a_gpu(monkeypatch, cuda, said, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    monkeypatch.setenv("TRITON_INTERPRET", said)
    if not said:
        monkeypatch.delenv("TRITON_INTERPRET")
    choose()
    assert os.environ.get("TRITON_INTERPRET") == wanted


def test_torch_is_imported_for_triton_only(tmp_path):
    """Torch takes seconds, in each process that loads an adapter."""
    (tmp_path / "plain.py").write_text("def run_it(): ...\n")
    code = (
        "import sys; from pathlib import Path; from pytest_bolt.adapters import load; "
        "load(Path('plain.py')); load(Path('plain.py')); print('torch' in sys.modules); "
        "import triton; print('torch' in sys.modules); print(len(sys.meta_path))"
    )
    before = [sys.executable, "-c", "import sys; print(len(sys.meta_path))"]
    (finders,) = subprocess.check_output(before, text=True).split()
    found = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path).split()
    assert found == ["False", "True", finders]


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a part of the softmax suite over an adapter, in a process in which nothing has chosen yet."""
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)

    def run(adapter, **beside):
        for name, text in {"mine": adapter, **beside}.items():
            (pytester.path / f"{name}.py").write_text(text)
        chosen = "test_thousands_of_rows or test_agrees_on and (normal or blocks) or speed and 64x512"
        return pytester.runpytest_subprocess(
            "--bolt-suite=softmax",
            "--bolt-adapter=mine.py",
            "-k",
            f"({chosen}) and not gradient and not backward",
            "-rs",
        )

    return run


@pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are interpreted where there is no GPU")
@pytest.mark.parametrize("where", ["in the adapter", "beside it, tuned"])
def test_kernels_are_checked_in_both_dtypes_and_never_timed(run, where):
    if where == "in the adapter":
        result = run(KERNEL.format(decorators="") + "\n\nrun_softmax = softmax\n")
    else:
        tuned = "@triton.autotune([triton.Config({})], key=['columns'])"
        result = run(
            "from kernels_beside import softmax as run_softmax\n",
            kernels_beside=KERNEL.format(decorators=tuned),
        )
    counts = result.parseoutcomes()
    assert (counts.get("passed"), counts.get("failed")) == (6, None)
    result.stdout.fnmatch_lines(["SKIPPED * interpreted here: checked, never timed"])


FLASH = """
def get_flashattention_autograd_function_triton():
    raise AssertionError("a kernel that is imported where it is asked for")
"""


def test_a_kernel_of_flash_attention_is_not_timed_on_a_cpu(pytester):
    (pytester.path / "mine.py").write_text(FLASH)
    chosen = ("--bolt-suite=flash_attention", "--bolt-adapter=mine.py", "--bolt-device=cpu")
    result = pytester.runpytest_subprocess(*chosen, "-k", "TestTriton and speed", "-rs")
    counts = result.parseoutcomes()
    assert counts["skipped"] > 0
    assert not {"failed", "passed", "errors"} & set(counts)
    result.stdout.fnmatch_lines(["SKIPPED * interpreted here: checked, never timed"])


def test_what_is_no_kernel_is_timed(run):
    result = run(PLAIN)
    assert "interpreted" not in result.stdout.str()
    assert not result.parseoutcomes().get("skipped")


def test_truncated_numbers_are_within_the_interpreters_tier_only():
    x = torch.randn(64, 200, generator=torch.Generator().manual_seed(5))
    given = x.bfloat16()
    exact = torch.softmax(given.double(), -1).float()
    truncated = (exact.view(torch.int32) & ~0xFFFF).view(torch.float32).bfloat16()

    def softmax(x):
        return torch.softmax(x, -1)

    with pytest.raises(Incorrect, match="tier strict"):
        check(truncated, oracle=softmax, args=(given,))
    with of_interpreted_kernels():
        assert check(truncated, oracle=softmax, args=(given,)).ok
        assert check(softmax(x), oracle=softmax, args=(x,)).tier is Tier.STRICT
        with pytest.raises(Incorrect, match="tier interpreter"):
            check(4 * truncated - 3 * exact.bfloat16(), oracle=softmax, args=(given,))
    with pytest.raises(Incorrect, match="tier strict"):
        check(truncated, oracle=softmax, args=(given,))
