from __future__ import annotations

import dataclasses
import importlib
import math

import pytest
import torch

from reference.bdh_models import BDH, BDHHRM, BDHConfig, parameters_of
from reference.hrm import hrm_loop

# The package exports a function of this module's name.
functions = importlib.import_module("reference.bdh")
SMALL = BDHConfig(width=16, heads=2, multiplier=4, layers=3, vocabulary=11)


def tokens(*shape):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(1))


def small(kind=BDH, **changes):
    torch.manual_seed(0)
    return kind(dataclasses.replace(SMALL, **changes))


def test_the_journals_parameter_counts():
    assert parameters_of(BDH(BDHConfig(), device="meta")) == 25_296_896
    assert parameters_of(BDHHRM(BDHConfig(), device="meta")) == 50_463_232


def test_a_pair_is_turned_by_its_position():
    x = torch.tensor([[1.0, 0.0, 1.0, 0.0]]).expand(3, 4)
    turned = functions.rotated(x, functions.rotation_tables(3, 4, like=x, theta=16.0))
    angles = [(t, t / 4) for t in range(3)]  # 16^(-2 / 4) = 1 / 4
    wanted = [[math.cos(a), math.sin(a), math.cos(b), math.sin(b)] for a, b in angles]
    assert torch.allclose(turned, torch.tensor(wanted), atol=1e-6)


def test_attention_by_hand():
    x = torch.tensor([[[[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]]])
    v = torch.tensor([[[1.0], [10.0], [100.0]]])
    still = torch.ones(3, 2), torch.zeros(3, 2)
    raw = functions.linear_attention(x, v, still, scaled=False)
    assert raw.flatten().tolist() == [0.0, 2.0, 0.0]
    scaled = functions.linear_attention(x, v, still, scaled=True)
    assert scaled.flatten().tolist() == [0.0, pytest.approx(math.sqrt(2)), 0.0]


@pytest.mark.parametrize("scaled", [False, True])
def test_the_recurrent_form_is_the_parallel_one(scaled):
    model = small().double()
    weights = {"embedding": model.embedding, "head": model.head, **dict(model.block.items())}
    text, state = tokens(2, 9), torch.zeros(3, 2, 2, SMALL.neurons, 16, dtype=torch.float64)
    with torch.no_grad():
        parallel = functions.bdh(weights, text, layers=3, scaled=scaled)
        recurrent, after = functions.bdh_recurrent(weights, text, state, position=0, scaled=scaled)
    assert torch.allclose(parallel, recurrent, rtol=1e-11, atol=1e-13)
    assert after.shape == state.shape
    assert not state.any()


def test_how_it_is_computed_changes_nothing():
    plain, text = small(), tokens(2, 7)
    plain(text).square().sum().backward()
    for changes in ({"checkpointing": True}, {"precomputed": False}):
        other = small(**changes)
        output = other(text)
        output.square().sum().backward()
        assert torch.equal(output, plain(text))
        assert all(
            torch.equal(a.grad, b.grad) for a, b in zip(other.parameters(), plain.parameters(), strict=True)
        )


def test_checkpointing_keeps_less_for_the_backward_pass():
    def kept(model):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.nbytes) or t, lambda t: t):
            model(tokens(2, 7))
        return sum(sizes)

    assert kept(small(checkpointing=True)) < kept(small()) / 4


def test_dropout_while_training_only():
    model, text = small(dropout=0.5), tokens(1, 6)
    assert not torch.equal(model(text), model(text))
    model.eval()
    assert torch.equal(model(text), small().eval()(text))


@pytest.mark.parametrize("precomputed", [True, False])
def test_tables_are_kept_where_asked(precomputed):
    model = small(precomputed=precomputed)
    model(tokens(1, 6))
    assert len(model._tables) == precomputed


def test_half_precision_overflows_where_the_formula_does():
    """Scores grow with N; scaled by N^-1/2 they do not leave float16."""
    x = torch.full((1, 1, 8, 4096), 5.0, dtype=torch.float16)
    still = torch.ones(8, 4096, dtype=torch.float16), torch.zeros(8, 4096, dtype=torch.float16)
    v = torch.ones(1, 8, 2, dtype=torch.float16)
    assert not functions.linear_attention(x, v, still, scaled=False).isfinite().all()
    within = functions.linear_attention(x / 2, v, still, scaled=True)
    assert within.isfinite().all()


def test_nine_calls_for_three_cycles_of_two():
    calls = []

    def step(name):
        def run(z, injection):
            calls.append((name, torch.is_grad_enabled()))
            return z + injection

        return run

    low, high = hrm_loop(step("L"), step("H"), *torch.ones(3, 1), h_cycles=3, l_cycles=2)
    assert "".join(name for name, _ in calls) == "LLHLLHLLH"
    assert [graph for _, graph in calls] == [False] * 7 + [True] * 2
    # By hand: L 1+2=3, 5, H 6; L 12, 19, H 25; L 45, 71, H 96.
    assert (low.item(), high.item()) == (71.0, 96.0)


def test_bdh_hrm_trains_its_blocks_but_not_its_first_states():
    model = small(BDHHRM)
    model(tokens(2, 6)).square().sum().backward()
    without = [name for name, each in model.named_parameters() if each.grad is None]
    assert without == ["initial_low", "initial_high"]


def test_no_cycles_are_refused():
    with pytest.raises(ValueError, match="h_cycles and l_cycles are at least 1, got 0 and 2"):
        hrm_loop(torch.add, torch.add, *torch.ones(3, 1), h_cycles=0, l_cycles=2)
