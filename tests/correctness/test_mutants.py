from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import reference
from pytest_bolt.correctness import Vacuous, inputs, self_test

SPECIFIED = {
    "zeros",
    "mean of each row",
    "one uniform value",
    "rows permuted",
    "half the columns subsampled",
    "the previous input's answer",
    "a copy of the input",
    "sign flipped",
    "last tile of columns missing",
}


def softmax_test(*values, **options):
    workloads = [(x, -1) for x in values]
    return self_test(
        workloads[0], also=workloads[1:], oracle=reference.softmax, twin=torch.softmax, **options
    )


@pytest.mark.parametrize(
    ("dtype", "inside"),
    [
        (torch.float64, {"float32 inside", "float16 inside"}),
        (torch.float32, {"float16 inside", "bfloat16 inside"}),
        (torch.bfloat16, {"bfloat16 inside"}),
        (torch.float16, {"float16 inside"}),
    ],
)
def test_every_mutant_of_the_specification_is_tried_and_rejected(dtype, inside):
    values = (inputs.DISTRIBUTIONS[name](16, 300, dtype=dtype) for name in ("blocks", "normal"))
    report = softmax_test(*values)
    assert SPECIFIED | inside <= set(report.rejected)
    assert report.survived == report.skipped == ()
    assert report.explain() == f"{report.workload}: all {len(report.rejected)} mutants rejected (tier strict)"
    assert report.workload == f"{str(dtype).removeprefix('torch.')} [16, 300]"


@pytest.mark.parametrize("tier", ["relaxed", "interpreter"])
def test_a_wide_tier_still_rejects_eight_bits(tier):
    x = inputs.blocks(16, 300, dtype=torch.bfloat16)
    assert "float8_e4m3fn inside" in softmax_test(x, tier=tier).rejected


def test_a_degenerate_workload_is_vacuous_and_says_by_what():
    with pytest.raises(Vacuous) as caught:
        softmax_test(inputs.constant_rows(8, 64))
    report = caught.value.report
    assert {"mean of each row", "one uniform value", "rows permuted", "columns shifted"} <= set(
        report.survived
    )
    first, second = str(caught.value).splitlines()
    assert first.startswith(
        "vacuous workload float32 [8, 64] (tier strict): the gate accepts mean of each row, "
    )
    assert second.endswith("mutants were rejected; try other inputs, a larger shape, a stricter tier")


def test_a_useless_twin_makes_any_workload_vacuous():
    x = inputs.blocks(8, 64)
    with pytest.raises(Vacuous, match="zeros"):
        self_test((x, -1), oracle=reference.softmax, twin=lambda x, dim: torch.zeros_like(x))


def test_an_output_that_ignores_its_input_is_vacuous():
    with pytest.raises(Vacuous, match="the previous input's answer"):
        self_test((inputs.normal(8, 64),), oracle=lambda x: x * 0 + torch.arange(64.0))


def test_one_of_several_inputs_is_enough():
    hard, easy = inputs.constant_rows(8, 64), inputs.blocks(8, 64)
    assert "one uniform value" in softmax_test(hard, easy, inputs.normal(8, 64)).rejected


def test_own_mutants_join_in():
    x = inputs.blocks(8, 64)

    def honest(x, dim):
        return torch.softmax(x, dim)

    def temperature(x, dim):
        return torch.softmax(x / 1.01, dim)

    assert "temperature" in softmax_test(x, extra={"temperature": temperature}).rejected
    with pytest.raises(Vacuous, match=r"the gate accepts honest\n"):
        softmax_test(x, extra={"honest": honest})


def test_subsampling_what_works_element_by_element_is_no_mutation():
    x = inputs.blocks(16, 300)
    with pytest.raises(Vacuous, match="half the columns subsampled"):
        self_test((x,), oracle=reference.silu)
    assert self_test((x,), oracle=reference.silu, axis=None).skipped == ("half the columns subsampled",)


def test_what_does_not_exist_is_skipped_not_passed():
    report = softmax_test(inputs.blocks(1, 300))
    assert set(report.skipped) == {"rows permuted", "last row missing"}


def test_a_fused_oracle_has_no_inside_to_round():
    x = inputs.blocks(16, 300, dtype=torch.bfloat16)
    report = self_test((x, -1), oracle=torch.softmax)
    assert report.skipped == ("bfloat16 inside",)


def test_a_scalar_output_can_be_tested():
    logits, target = inputs.blocks(16, 50), torch.arange(16)
    report = self_test((logits, target), oracle=functional.cross_entropy)
    assert {"zeros", "sign flipped", "the previous input's answer"} <= set(report.rejected)
    assert {"columns shifted", "rows permuted", "a copy of the input"} <= set(report.skipped)


def test_another_axis_is_subsampled():
    x = inputs.blocks(300, 16)
    report = self_test((x, 0), oracle=reference.softmax, twin=torch.softmax, axis=0)
    assert "half the columns subsampled" in report.rejected


def test_the_workload_itself_is_left_alone():
    x = inputs.blocks(8, 64)
    before = x.clone()
    softmax_test(x, inputs.normal(8, 64))
    assert torch.equal(x, before)


def test_a_workload_without_numbers_is_refused():
    with pytest.raises(TypeError, match="has a floating-point tensor among its positional arguments"):
        self_test((torch.arange(3),), oracle=lambda x: x.double())
