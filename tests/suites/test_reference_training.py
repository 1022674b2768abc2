from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import reference
from reference.adamw import VERSIONS, AdamW, adamw_step, fresh_state
from reference.adapters import framework, manual


def test_a_batch_by_hand():
    inputs, targets = reference.token_batch(np.array([5, 6, 7, 8], np.uint16), 2, 3, "cpu")
    assert inputs.tolist() == [[5, 6, 7]] * 2
    assert targets.tolist() == [[6, 7, 8]] * 2
    assert inputs.dtype == targets.dtype == torch.int64


def test_no_window_fits():
    with pytest.raises(ValueError, match="4 tokens hold no window of 4 and its last target"):
        reference.token_batch(np.arange(4), 1, 4, "cpu")


def test_starts_come_from_the_generator_of_the_framework():
    batches = []
    for _ in range(2):
        torch.manual_seed(7)
        batches.append(reference.token_batch(np.arange(1000), 8, 4, "cpu")[0])
    assert torch.equal(*batches)


def test_clipping_by_hand():
    first, second = reference.clipped([torch.tensor([3.0]), torch.tensor([[4.0]])], 2.5)
    assert (first.item(), second.item()) == (pytest.approx(1.5), pytest.approx(2.0))


def test_a_norm_at_the_limit_is_left_alone():
    grad = torch.tensor([3.0, 4.0])
    assert reference.clipped([grad], 5.0)[0] is grad


def test_clipping_is_the_frameworks():
    parameters = [torch.nn.Parameter(torch.zeros(7)) for _ in range(6)]
    for place, parameter in enumerate(parameters):
        parameter.grad = torch.randn(7, generator=torch.Generator().manual_seed(place % 3))
    manual.run_gradient_clipping(iter(parameters[:3]), 0.7)
    framework.run_gradient_clipping(iter(parameters[3:]), 0.7)
    for mine, theirs in zip(parameters[:3], parameters[3:], strict=True):
        assert torch.allclose(mine.grad, theirs.grad, rtol=1e-6)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        # One step from 1 with gradient 2: m' = 2 and sqrt v' = 2, so that the step is 0.1 * 2 / (2 + eps).
        (VERSIONS[0], 1 * (1 - 0.05) - 0.1 * 2 / 3),
        (VERSIONS[2], (1 - 0.1 * 2 / 3) * (1 - 0.05)),
        # With eps on the raw root sqrt v = 2 sqrt 0.1 the step is 0.1 * 2 sqrt 0.1 / (2 sqrt 0.1 + 1).
        (VERSIONS[1], 1 * (1 - 0.05) - 0.1 * 2 * math.sqrt(0.1) / (2 * math.sqrt(0.1) + 1)),
        (VERSIONS[3], (1 - 0.1 * 2 * math.sqrt(0.1) / (2 * math.sqrt(0.1) + 1)) * (1 - 0.05)),
    ],
)
def test_adamw_by_hand(version, wanted):
    theta, gradient = torch.tensor([1.0], dtype=torch.float64), torch.tensor([2.0], dtype=torch.float64)
    settings = {"lr": 0.1, "weight_decay": 0.5, "betas": (0.8, 0.9), "eps": 1.0}
    new, (step, first, second) = adamw_step(theta, gradient, fresh_state(theta), version=version, **settings)
    assert new.item() == pytest.approx(wanted, rel=1e-12)
    assert (step, first.item(), second.item()) == (1, pytest.approx(0.4), pytest.approx(0.4))


def test_adamw_is_the_frameworks():
    results = []
    for cls in (AdamW, torch.optim.AdamW):
        parameter = torch.nn.Parameter(torch.linspace(-1, 1, 9, dtype=torch.float64))
        optimizer = cls([parameter], lr=0.1, weight_decay=0.3, betas=(0.7, 0.9), eps=0.01)
        for step in range(5):
            parameter.grad = torch.sin(torch.arange(9, dtype=torch.float64) * (step + 1))
            optimizer.step()
        results.append(parameter.detach())
    assert torch.allclose(*results, rtol=1e-12)


@pytest.mark.parametrize(
    "changed", [{"lr": -1.0}, {"eps": -1.0}, {"weight_decay": -0.1}, {"betas": (1.0, 0.9)}]
)
def test_settings_that_cannot_be_meant(changed):
    with pytest.raises(ValueError, match="negative, or a beta not below 1"):
        AdamW([torch.nn.Parameter(torch.zeros(1))], **changed)


def test_the_schedule_by_hand():
    rates = [manual.run_get_lr_cosine_schedule(it, 1.0, 0.5, 2, 4) for it in range(7)]
    assert rates == [pytest.approx(rate) for rate in (0.0, 0.5, 1.0, 0.75, 0.5, 0.5, 0.5)]


def test_a_cycle_without_length_begins_at_the_maximum():
    assert [manual.run_get_lr_cosine_schedule(it, 1.0, 0.5, 2, 2) for it in (1, 2, 3)] == [0.5, 1.0, 0.5]


@pytest.mark.parametrize("adapter", [framework, manual], ids=["framework", "manual"])
def test_the_class_takes_its_arguments_by_the_names_of_the_course(adapter):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = adapter.get_adamw_cls()([parameter], lr=0.1, weight_decay=0.2, betas=(0.3, 0.4), eps=0.5)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["betas"], group["eps"]) == (0.1, 0.2, (0.3, 0.4), 0.5)
