"""Gradient clipping: one norm for all gradients, in place, and nothing where the norm is small."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, self_test

from .. import reference

pytestmark = [
    pytest.mark.bolt(operation="run_gradient_clipping", dtypes=("float32",)),
    pytest.mark.filterwarnings("ignore"),
]
SHAPES = ((5, 7), (33,), (2, 3, 4), (), (1, 1))
KINDS = {
    "list": list,
    "tuple": tuple,
    "generator": lambda parameters: (each for each in parameters),
    "iterator": iter,
    "dict_values": lambda parameters: dict(enumerate(parameters)).values(),
    "filter": lambda parameters: filter(lambda each: each.requires_grad, parameters),
    "module": lambda parameters: torch.nn.ParameterList(parameters).parameters(),
}


def gradients(seed=0, shapes=SHAPES, distribution="normal", **place):
    """Return one tensor a shape, each twice as large as the one before."""
    draw = inputs.DISTRIBUTIONS[distribution]
    flat = [draw(1, max(1, math.prod(shape)), seed=seed + i, **place) for i, shape in enumerate(shapes)]
    return [2.0**i * each.reshape(shape) for i, (each, shape) in enumerate(zip(flat, shapes, strict=True))]


def parameters_with(grads):
    """Return parameters that have these gradients, copied."""
    found = []
    for grad in grads:
        parameter = torch.nn.Parameter(torch.ones_like(grad))
        parameter.grad = torch.empty_like(grad).copy_(grad)
        found.append(parameter)
    return found


def gradients_in(model):
    """Return the gradients of a model's parameters."""
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def norm_of(grads):
    """Return the norm of all gradients together."""
    return math.sqrt(sum(float(grad.double().square().sum()) for grad in grads))


def clip(impl, grads, max_norm, kind=list):
    """Clip copies of the gradients and return them; AssertionError where anything else changed."""
    parameters = parameters_with(grads)
    held = [parameter.grad for parameter in parameters]
    addresses = [grad.data_ptr() for grad in held]
    impl.run_gradient_clipping(kind(parameters), max_norm)
    for parameter, grad, address in zip(parameters, held, addresses, strict=True):
        assert parameter.grad is grad, "the gradient is another tensor: not clipped in place"
        assert grad.data_ptr() == address, "the gradient lies elsewhere: not clipped in place"
        assert not grad.requires_grad
        assert torch.equal(parameter, torch.ones_like(parameter)), "a parameter was changed"
        assert parameter.requires_grad
    return tuple(held)


def agrees(impl, grads, max_norm, kind=list):
    """Clip and hold the gradients to the reference."""
    output = clip(impl, grads, max_norm, kind)
    check(output, oracle=reference.clipped, args=(grads, max_norm))
    return output


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_come_as(impl, device, dtype, seed, kind):
    agrees(impl, gradients(100 * seed + 1, device=device, dtype=dtype), 0.5, KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_small_norms_are_left_alone(impl, device, dtype, seed, kind):
    grads = gradients(100 * seed + 2, device=device, dtype=dtype)
    for output, grad in zip(clip(impl, grads, 1.01 * norm_of(grads), KINDS[kind]), grads, strict=True):
        assert torch.equal(output, grad)


@pytest.mark.parametrize("norm", [1e-5, 1e-3, 1e3])
def test_norms_of_any_size_below_the_limit_are_left_alone(impl, device, dtype, seed, norm):
    grads = gradients(100 * seed + 9, device=device, dtype=dtype)
    grads = [grad * (norm / norm_of(grads)) for grad in grads]
    for output, grad in zip(clip(impl, grads, 2 * norm), grads, strict=True):
        assert torch.equal(output, grad)


@pytest.mark.parametrize("share", [1e-6, 0.01, 0.5, 0.97])
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_on(impl, device, dtype, seed, distribution, share):
    grads = gradients(100 * seed + 3, distribution=distribution, device=device, dtype=dtype)
    agrees(impl, grads, share * norm_of(grads))


@pytest.mark.parametrize("max_norm", [1e-2, 1.0, 5.0])
def test_agrees_for_five_seeds(impl, device, dtype, seed, max_norm):
    for more in range(5):
        grads = gradients(100 * seed + 10 + 10 * more, device=device, dtype=dtype)
        agrees(impl, grads, max_norm)


def test_eps_is_a_millionth(impl, device, dtype, seed):
    grads = gradients(100 * seed + 4, device=device, dtype=dtype)
    tiny = [grad * (3e-6 / norm_of(grads)) for grad in grads]
    agrees(impl, tiny, 1e-6)


def test_one_norm_and_not_one_a_parameter(impl, device, dtype):
    grads = [torch.full((4,), value, device=device, dtype=dtype) for value in (0.3, 0.4, 6.0)]
    outputs = agrees(impl, grads, 1.0)
    assert norm_of(outputs) == pytest.approx(1.0, rel=1e-5)
    assert outputs[0][0].item() / outputs[2][0].item() == pytest.approx(0.05, rel=1e-5)


def test_the_norm_counts_where_no_gradient_alone_is_large(impl, device, dtype):
    grads = [torch.full((9,), 0.3, device=device, dtype=dtype) for _ in range(16)]
    agrees(impl, grads, 1.0)


def test_signs_and_entries_above_the_norm(impl, device, dtype):
    grads = [torch.tensor([[-3.0, 0.0], [4.0, -12.0]], device=device, dtype=dtype)]
    agrees(impl, grads, 2.5)


@pytest.mark.parametrize("max_norm", [0.5, 1e4], ids=["clipped", "small"])
def test_parameters_without_a_gradient_take_no_part(impl, device, dtype, seed, max_norm):
    grads = gradients(100 * seed + 5, device=device, dtype=dtype)
    parameters = parameters_with(grads)
    idle = [torch.nn.Parameter(torch.ones(3, device=device, dtype=dtype)) for _ in range(2)]
    frozen = torch.nn.Parameter(torch.ones(3, device=device, dtype=dtype), requires_grad=False)
    impl.run_gradient_clipping([idle[0], *parameters[:2], frozen, *parameters[2:], idle[1]], max_norm)
    assert all(each.grad is None for each in (*idle, frozen))
    outputs = tuple(parameter.grad for parameter in parameters)
    check(outputs, oracle=reference.clipped, args=(grads, max_norm))


@pytest.mark.parametrize("grads", [[], [None], [None, None]], ids=["nothing", "one", "two"])
def test_nothing_to_clip(impl, device, dtype, grads):
    parameters = [torch.nn.Parameter(torch.ones(3, device=device, dtype=dtype)) for _ in grads]
    impl.run_gradient_clipping(parameters, 1.0)
    assert all(each.grad is None for each in parameters)


def test_zero_gradients_stay_zero(impl, device, dtype):
    grads = [torch.zeros(shape, device=device, dtype=dtype) for shape in SHAPES]
    assert all(torch.equal(output, grad) for output, grad in zip(clip(impl, grads, 1.0), grads, strict=True))


@pytest.mark.parametrize("step", [1, 2], ids=["transposed", "strided"])
def test_gradients_that_are_views(impl, device, dtype, seed, step):
    wide = inputs.blocks(8, 24, seed=100 * seed + 6, device=device, dtype=dtype)
    memory = wide.clone()
    parameter = torch.nn.Parameter(torch.zeros(24 // step, 8, device=device, dtype=dtype))
    parameter.grad = memory.t()[::step]
    impl.run_gradient_clipping([parameter], 0.25)
    check((memory.t()[::step].clone(),), oracle=reference.clipped, args=([wide.t()[::step]], 0.25))
    assert step == 1 or torch.equal(memory[:, 1::2], wide[:, 1::2])


def test_clipping_again_changes_next_to_nothing(impl, device, dtype, seed):
    # The norm is so far above eps that PyTorch's second factor, 1 - eps/norm, rounds to one.
    grads = [1000 * grad for grad in gradients(100 * seed + 7, device=device, dtype=dtype)]
    max_norm = norm_of(grads) / 2
    once = clip(impl, grads, max_norm)
    check(clip(impl, once, max_norm), oracle=reference.clipped, args=(grads, max_norm))


def test_gradients_of_a_backward_pass(impl, device, dtype, seed):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    model.to(device=device, dtype=dtype)
    model(10 * inputs.normal(4, 6, seed=seed, device=device, dtype=dtype)).square().sum().backward()
    grads = [torch.clone(grad) for grad in gradients_in(model)]
    impl.run_gradient_clipping(model.parameters(), 0.1)
    check(tuple(gradients_in(model)), oracle=reference.clipped, args=(grads, 0.1))


@settings(max_examples=15, deadline=None, print_blob=True, database=None)
@given(
    shapes=st.lists(st.lists(st.integers(1, 5), max_size=3).map(tuple), min_size=1, max_size=5),
    max_norm=st.floats(1e-3, 50.0),
    number=st.integers(0, 2**16),
)
def test_any_shapes(impl, device, dtype, seed, shapes, max_norm, number):
    grads = gradients(1000 * seed + number, shapes=shapes, device=device, dtype=dtype)
    agrees(impl, grads, max_norm)


@pytest.mark.bolt(dtypes=("float64", "float16", "bfloat16"))
def test_the_dtype_of_a_gradient_stays(impl, device, dtype, seed):
    grads = gradients(100 * seed + 8, device=device, dtype=dtype)
    outputs = clip(impl, grads, 0.5)
    assert all(output.dtype == dtype for output in outputs)
    # The norm may have been computed in float32 and rounded to the dtype: three units of bfloat16.
    assert norm_of(outputs) == pytest.approx(0.5, rel=1e-5 if dtype == torch.float64 else 0.024)


def test_the_gate_can_fail(device, dtype):
    workloads = [
        (inputs.DISTRIBUTIONS[name](6, 96, seed=1, device=device, dtype=dtype), 2.0)
        for name in (*inputs.MANDATORY, "normal")
    ]

    def joined(first, max_norm):
        return reference.clipped([first[:4], 3 * first[4:]], max_norm)

    def each_alone(first, max_norm):
        return tuple(reference.clipped([part], max_norm)[0] for part in (first[:4], 3 * first[4:]))

    def largest_entry(first, max_norm):
        parts = first[:4], 3 * first[4:]
        scale = max_norm / max(float(part.abs().max()) for part in parts)
        return tuple(part * scale for part in parts)

    def sum_of_norms(first, max_norm):
        parts = first[:4], 3 * first[4:]
        scale = max_norm / sum(float(part.norm()) for part in parts)
        return tuple(part * scale for part in parts)

    wrong = {fn.__name__: fn for fn in (each_alone, largest_entry, sum_of_norms)}
    self_test(workloads[0], also=workloads[1:], oracle=joined, extra=wrong)
