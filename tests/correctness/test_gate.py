from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from pytest_bolt.correctness import Incorrect, check, compare, expected, inputs
from pytest_bolt.correctness.expectation import precision_of
from pytest_bolt.errors import BoltError

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
HONEST = ("normal", "blocks", "tailheavy", "row_scale", "row_offset", "constant_rows", "spike", "nonfinite")


def softmax_check(output, x, **options):
    return check(output, oracle=reference.softmax, args=(x, -1), twin=torch.softmax, **options)


def rejected(output, x, **options):
    with pytest.raises(Incorrect) as caught:
        softmax_check(output, x, **options)
    return str(caught.value)


@pytest.fixture
def x():
    return inputs.blocks(16, 257, seed=3)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("distribution", HONEST)
def test_accepts_two_honest_implementations(distribution, dtype):
    x = inputs.DISTRIBUTIONS[distribution](16, 257, dtype=dtype, seed=1)
    for honest in (torch.softmax, reference.softmax):
        assert softmax_check(honest(x, -1), x).ok


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(2, 300), st.sampled_from(DTYPES), st.integers(0, 999))
def test_accepts_honest_and_rejects_zeros_at_any_shape(rows, columns, dtype, seed):
    x = inputs.blocks(rows, columns, dtype=dtype, seed=seed)
    assert softmax_check(torch.softmax(x, -1), x).ok
    with pytest.raises(Incorrect):
        softmax_check(torch.zeros_like(x), x)


def test_zeros_do_not_pass_however_many_columns_share_the_sum():
    x = inputs.normal(1, 2**17)
    assert torch.allclose(torch.softmax(x, -1), torch.zeros_like(x), atol=1e-3)
    assert "exceeded" in rejected(torch.zeros_like(x), x)


@pytest.mark.parametrize("narrow", [torch.float16, torch.bfloat16], ids=str)
def test_rejects_a_narrower_dtype_inside(x, narrow):
    assert "exceeded" in rejected(torch.softmax(x.to(narrow), -1).float(), x)


def test_rejects_one_wrong_element_among_many():
    x = inputs.blocks(64, 1024)
    output = torch.softmax(x, -1)
    row = int(output.amax(-1).argmax())
    output[row, int(output[row].argmax())] *= 1.001
    message = rejected(output, x)
    assert f"worst at [{row}, " in message


def test_the_message_names_subject_rules_and_place(x):
    output = torch.softmax(x, -1)
    output[3, 17] = 0.75
    first, header, *rest = rejected(output, x).splitlines()
    assert first == "output float32[16, 257] on cpu disagrees with its float64 reference (tier strict)"
    assert header.split() == ["observed", "allowed"]
    assert [line.split("  ")[1] for line in rest[:4]] == [
        "largest error / u",
        "mean error / u",
        "mean RMS ratio",
        "largest RMS ratio",
    ]
    assert rest[-1].startswith("  worst at [3, 17]: got 0.75, expected 0.0")


class Computes(torch.Tensor):
    """A tensor that computes only when it is looked at."""


class Agreeable:
    shape, dtype = (16, 257), torch.float32

    def __eq__(self, other):
        return True

    __hash__ = None

    def __le__(self, other):
        return True

    def __getattr__(self, name):
        return self


def with_attribute(tensor, name="double", value=lambda: torch.ones(1)):
    setattr(tensor, name, value)
    return tensor


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y[:1], "output: has shape [1, 257], expected [16, 257]"),
        (lambda y: y.unsqueeze(0), "output: has shape [1, 16, 257], expected [16, 257]"),
        (lambda y: y[..., :0], "output: has shape [16, 0], expected [16, 257]"),
        (lambda y: y.double(), "output: has dtype torch.float64, expected torch.float32"),
        (lambda y: y.to("meta"), "output: has device meta, expected cpu"),
        (lambda y: y.to_sparse(), "output: has layout torch.sparse_coo, expected torch.strided"),
        (lambda y: None, "output: is a builtins.NoneType, not exactly a torch.Tensor"),
        (lambda y: y.numpy(), "output: is a numpy.ndarray, not exactly a torch.Tensor"),
        (lambda y: y.as_subclass(Computes), "output: is a test_gate.Computes, not exactly a torch.Tensor"),
        (torch.nn.Parameter, "output: is a torch.nn.parameter.Parameter, not exactly a torch.Tensor"),
        (lambda y: Agreeable(), "output: is a test_gate.Agreeable, not exactly a torch.Tensor"),
        (with_attribute, "output: carries attributes of its own: double"),
        (
            lambda y: with_attribute(y, "_dynamo_mark", Agreeable()),
            "output: carries attributes of its own: _dynamo_mark",
        ),
        (
            lambda y: with_attribute(y, "_dynamo_mark", {1, Agreeable}),
            "output: carries attributes of its own: _dynamo_mark",
        ),
        (lambda y: (y, y), "outputs: 2 of them, expected 1"),
        (lambda y: (), "outputs: 0 of them, expected 1"),
    ],
)
def test_rejects_what_is_not_exactly_the_expected_kind_of_output(x, change, message):
    assert rejected(change(torch.softmax(x, -1)), x) == message


def test_what_a_compiler_notes_on_its_outputs_is_no_fault(x):
    marked = with_attribute(torch.softmax(x, -1), "_dynamo_propagated_dynamic_indices", {0, 1})
    assert compare(marked, reference64=torch.softmax(x.double(), -1), framework=torch.softmax(x, -1)).ok


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("everywhere", [False, True])
def test_nan_is_no_wildcard(x, value, everywhere):
    output = torch.softmax(x, -1)
    output[(...) if everywhere else (2, 5)] = value
    count, place = (4112, "[0, 0]") if everywhere else (1, "[2, 5]")
    kind = {"nan": "NaN"}.get(str(value), str(value))
    assert (
        f"{kind} differs from the reference in {count} of 4112 elements, first at {place}: got {value}, "
        in (rejected(output, x))
    )


def test_a_missing_nan_is_wrong():
    x = inputs.nonfinite(5, 33)
    assert "NaN differs from the reference" in rejected(torch.softmax(x, -1).nan_to_num(0.0), x)


def test_an_answer_that_overflows_its_dtype_is_infinite():
    x = torch.tensor([[300.0, 1.0, 400.0]], dtype=torch.float16)
    assert check(x * x, oracle=torch.square, args=(x,)).ok
    with pytest.raises(Incorrect, match=r"inf differs .* got 65504.0, expected 90000.0"):
        check((x * x).clamp(max=65504.0), oracle=torch.square, args=(x,))


@pytest.mark.parametrize("value", [65519.9, 65520.0, -65520.0, 65504.0])
def test_overflow_begins_where_rounding_reaches_infinity(value):
    exact = torch.tensor([value, 1.0], dtype=torch.float64)
    assert compare(exact.half(), reference64=exact, framework=exact.half()).ok


def test_framework_values_that_are_not_finite_widen_nothing(x):
    reference64, (framework,) = expected(oracle=reference.softmax, args=(x, -1), twin=torch.softmax)
    broken = framework.clone()
    broken[0] = math.nan
    assert compare(framework, reference64=reference64, framework=broken).ok
    assert not compare(framework * 1.01, reference64=reference64, framework=broken).ok


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0)])
def test_empty_outputs_pass_with_the_right_shape_only(shape):
    x = torch.empty(shape)
    assert check(x.clone(), oracle=torch.exp, args=(x,)).ok
    with pytest.raises(Incorrect, match="has shape"):
        check(torch.empty(0, 7), oracle=torch.exp, args=(x,))


def halves(x):
    return x[..., ::2] * 2, x[..., 1::2] * 3


def test_every_output_is_compared():
    x = inputs.normal(4, 10)
    first, second = halves(x)
    assert check((first, second), oracle=halves, args=(x,)).ok
    assert check([first, second], oracle=halves, args=(x,)).ok
    for wrong in ((first * 0, second), (first, second * 0)):
        with pytest.raises(Incorrect, match=r"output [01] float32\[4, 5\] on cpu disagrees"):
            check(wrong, oracle=halves, args=(x,))
    with pytest.raises(Incorrect, match="outputs: 1 of them, expected 2"):
        check(first, oracle=halves, args=(x,))


def test_named_tuples_of_torch_are_outputs():
    x = inputs.normal(4, 10)
    oracle = lambda values: torch.max(values, dim=-1)  # noqa: E731 - one line says it
    assert check(torch.max(x, dim=-1), oracle=oracle, args=(x,)).ok
    assert check(tuple(torch.max(x, dim=-1)), oracle=oracle, args=(x,)).ok


def test_integers_must_be_equal():
    x = inputs.normal(4, 10)
    right = x.argmax(-1)
    wrong = right.clone()
    wrong[2] += 1
    assert check(right, oracle=torch.argmax, args=(x, -1)).ok
    with pytest.raises(Incorrect, match=r"differs in 1 of 4 elements, first at \[2\]: got \d+, expected \d+"):
        check(wrong, oracle=torch.argmax, args=(x, -1))


def test_float64_outputs_are_held_to_float64():
    x = inputs.normal(8, 100).double()
    assert softmax_check(torch.softmax(x, -1), x).ok
    assert "exceeded" in rejected(torch.softmax(x.float(), -1).double(), x)


def test_a_wider_tier_accepts_more():
    x = inputs.normal(8, 1024, dtype=torch.bfloat16)
    exponentials = (x - x.amax(-1, keepdim=True)).exp()
    in_bfloat16 = exponentials / exponentials.sum(-1, keepdim=True)
    assert "tier strict" in rejected(in_bfloat16, x)
    assert softmax_check(in_bfloat16, x, tier="relaxed").ok


def test_an_unknown_tier_is_named_with_what_is_known(x):
    with pytest.raises(BoltError) as caught:
        softmax_check(x, x, tier="relax")
    assert str(caught.value).splitlines() == [
        "unknown correctness tier",
        "  seen   relax",
        "  known  strict, relaxed, gradient, interpreter",
        "  -> did you mean relaxed?",
    ]


def test_oracle_and_twin_must_fit(x):
    with pytest.raises(BoltError) as caught:
        check(x, oracle=reference.softmax, args=(x, -1), twin=lambda x, dim: x.sum(dim))
    assert str(caught.value).splitlines() == [
        "the oracle and the framework's own operation do not return the same shapes",
        "  oracle  [[16, 257]]",
        "  twin    [[16]]",
        "  -> give check() a twin that takes the same arguments as the oracle",
    ]


def test_oracle_and_twin_cannot_change_the_arguments(x):
    before = x.clone()
    check(x + 1, oracle=lambda x: x.add_(1), args=(x,))
    assert torch.equal(x, before)


def test_the_oracle_sees_float64_in_every_nested_argument():
    seen = []

    def oracle(pair, *, extra):
        seen.append([pair[0].dtype, pair[1].dtype, extra["w"].dtype])
        return pair[0] * extra["w"]

    x, index, w = torch.ones(3, dtype=torch.bfloat16), torch.arange(3), torch.ones(3, dtype=torch.float16)
    check(
        x * 1, oracle=oracle, args=([x, index],), kwargs={"extra": {"w": w}}, twin=lambda pair, **_: pair[0]
    )
    assert seen == [[torch.float64, torch.int64, torch.float64]]


def test_autocast_left_on_changes_nothing():
    x, w = inputs.normal(8, 64, seed=1), inputs.normal(64, 64, seed=2)
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(Incorrect, match="exceeded"):
        check((x @ w).float(), oracle=torch.matmul, args=(x, w))


def test_graphs_do_not_matter():
    x = inputs.normal(4, 16).requires_grad_()
    assert softmax_check(torch.softmax(x, -1), x).ok


def test_a_freed_answer_does_not_come_back_as_an_unwritten_output():
    kept = []
    for shape in ((16, 257), (64, 512), (256, 1024)):
        for _ in range(5):
            x = inputs.blocks(*shape, dtype=torch.bfloat16)
            kept.append(torch.softmax(x, -1))
            softmax_check(kept[-1], x)
            with pytest.raises(Incorrect):
                softmax_check(torch.empty_like(x), x)


@pytest.mark.parametrize("view", [lambda t: t, lambda t: t[:], lambda t: t.detach()])
def test_an_oracle_may_keep_what_it_returns(view):
    known = torch.arange(1.0, 7.0)
    for _ in range(2):
        check(known.clone(), oracle=lambda x: view(known), args=(torch.zeros(6),))
    assert torch.equal(known, torch.arange(1.0, 7.0))


def test_precision_is_that_of_the_dtype():
    assert precision_of(torch.bfloat16).eps == 2.0**-7
    assert precision_of(torch.float16).tiny == 2.0**-14
