"""Journal 003: gated delta net kernels, and how a search for them keeps its books."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta

import pytest
import torch

from pytest_bolt.core.best import Result, best_of
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.record import BASELINE_MODE, Revision
from pytest_bolt.core.verdict import Verdict

from .. import reference
from ..gated_delta import PUBLISHED, decode_args, prefill_args

pytestmark = pytest.mark.claim(style="experiment")

DECODE = "003 Gated delta net: decode"
PREFILL = "003 Gated delta net: prefill"
BOOKS = "003 A search for kernels: its books"


def looped_decode(q, k, v, state, A_log, a, dt_bias, b, scale):  # noqa: PLR0917 - as published
    """Return a decode step, one sequence and one head at a time: what "225x" is measured against."""
    scale = scale or q.shape[-1] ** -0.5
    batch, _, heads, _ = v.shape
    ratio = heads // q.shape[2]
    state, output = state.clone(), torch.empty_like(v)
    for n in range(batch):
        for h in range(heads):
            gate = torch.exp(
                -torch.exp(A_log[h]) * torch.nn.functional.softplus(a[n, 0, h].float() + dt_bias[h])
            )
            key, query = k[n, 0, h // ratio].float(), q[n, 0, h // ratio].float()
            memory = gate * state[n, h]
            missing = torch.sigmoid(b[n, 0, h].float()) * (v[n, 0, h].float() - memory @ key)
            state[n, h] = memory + torch.outer(missing, key)
            output[n, 0, h] = (scale * (state[n, h] @ query)).to(v.dtype)
    return output, state


@pytest.mark.claim(
    DECODE,
    "a good kernel is at least twice as fast as the reference",
    expect="speedup >= 2x",
    published="22.42x to 31.89x",
)
@pytest.mark.bolt(baseline="a loop over sequences and heads in Python")
@pytest.mark.parametrize("batch", [1, 8])
def test_decode(bolt, batch):
    bolt.versus(
        reference.gated_delta_decode,
        looped_decode,
        args=decode_args(batch, **PUBLISHED, dtype=torch.bfloat16, seed=1),
    )


def in_chunks(*args):
    """Return the prefill in chunks of 64 tokens."""
    return reference.gated_delta_prefill(*args, form=reference.chunked(64))


@pytest.mark.claim(
    PREFILL,
    "the chunked form is at least three times as fast as the loop over tokens",
    expect="speedup >= 3x",
)
@pytest.mark.bolt(baseline="the recurrence, token by token")
@pytest.mark.parametrize("tokens", [128, 256])
def test_prefill(bolt, tokens):
    bolt.versus(
        in_chunks,
        reference.gated_delta_prefill,
        args=prefill_args([tokens], **PUBLISHED, dtype=torch.bfloat16, seed=1),
    )


def result(rate, minute, verdict=Verdict.FASTER):
    """Return a stored result of a kernel that is `rate` times as fast as its baseline."""
    ratio = Interval(estimate=1 / rate, low=1 / rate, high=1 / rate)
    case = Case(case_id=CaseId(node_id="decode"))
    comparison = Comparison(case=case, verdict=verdict, margin=0.05, ratio=ratio, mode=BASELINE_MODE)
    started = datetime(2026, 2, 13, tzinfo=UTC) + timedelta(minutes=minute)
    return Result(
        comparison=comparison,
        run_id=str(minute),
        started=started,
        revision=Revision(commit=""),
        fingerprint="",
    )


@pytest.mark.claim(
    BOOKS,
    "a best known result is kept when a later run is worse",
    expect=("best >= 31.891", "best <= 31.8911"),
    published="31.8910",
)
def test_the_best_is_kept(claim):
    rates = (22.4212, 28.5238, 31.8910, 28.7158)
    (best,) = best_of([result(rate, minute) for minute, rate in enumerate(rates)])
    claim.found("best", round(best.rank, 4), better="higher")


@pytest.mark.claim(BOOKS, "a wrong answer ranks below every right one, however fast", expect="best <= 1.5")
def test_right_before_fast(claim):
    (best,) = best_of([result(99.0, 1, Verdict.INCORRECT), result(1.5, 2)])
    claim.found("best", best.rank)


def normalised(source):
    """Return what a source says to the compiler: layout and comments left out."""
    return ast.dump(ast.parse(source))


@pytest.mark.claim(
    BOOKS, "an edit that changes no code is seen to be none", expect=("equal >= 1", "equal <= 1")
)
def test_no_op(claim):
    source = "def kernel(x):\n    return x + 1\n"
    edits = (
        "# tuned\n" + source,
        source.replace("x + 1", "(x +\n        1)"),
        source.replace("\n    ", "\n\n    "),
    )
    claim.found("equal", float(all(normalised(edit) == normalised(source) for edit in edits)))
    assert normalised(source.replace("+ 1", "+ 2")) != normalised(source)
