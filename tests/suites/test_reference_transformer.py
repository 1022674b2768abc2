"""The reference of the language model by hand: its parameters, its parts, the gradients of its weights."""

from __future__ import annotations

import pytest
import torch

import reference
from reference.adapters import framework, manual
from suites.transformer.tensors import block_weights, model_weights, tokens

WIDTH, HIDDEN, VOCABULARY, THETA = 8, 12, 10, 100.0


def weights_of(layers, dtype=torch.float64):
    return model_weights(VOCABULARY, WIDTH, HIDDEN, layers=layers, seed=0, dtype=dtype)


def test_parameters_are_counted():
    weights = weights_of(3)
    block = 4 * WIDTH**2 + 3 * WIDTH * HIDDEN + 2 * WIDTH
    assert sum(each.numel() for each in weights.values()) == 2 * VOCABULARY * WIDTH + WIDTH + 3 * block
    assert len(weights) == 3 + 3 * 9


def test_a_block_without_outputs_changes_nothing():
    weights = block_weights(WIDTH, HIDDEN, seed=1, dtype=torch.float64)
    for name in ("attn.output_proj.weight", "ffn.w2.weight"):
        weights[name] = torch.zeros_like(weights[name])
    x = weights["attn.q_proj.weight"][None]
    assert torch.equal(reference.transformer_block(x, weights, heads=2, theta=THETA), x)


def test_a_model_without_layers_by_hand():
    weights = {
        "token_embeddings.weight": torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64),
        "ln_final.weight": torch.tensor([1.0, 2.0], dtype=torch.float64),
        "lm_head.weight": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64),
    }
    logits = reference.transformer_lm(torch.tensor([[0]]), weights, layers=0, heads=1, theta=THETA)
    root = (12.5 + 1e-5) ** 0.5
    assert logits.flatten().tolist() == pytest.approx([3 / root, 8 / root, 11 / root])


def test_one_token_by_hand():
    """A token that sees itself alone: attention is its value, projected."""
    weights = block_weights(2, 1, seed=2, dtype=torch.float64)
    x = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    normed = x / (12.5 + 1e-5) ** 0.5 * weights["ln1.weight"]
    y = x + normed @ weights["attn.v_proj.weight"].T @ weights["attn.output_proj.weight"].T
    normed = y / (y.square().mean() + 1e-5) ** 0.5 * weights["ln2.weight"]
    gate = normed @ weights["ffn.w1.weight"].T
    hidden = gate / (1 + torch.exp(-gate)) * (normed @ weights["ffn.w3.weight"].T)
    found = reference.transformer_block(x, weights, heads=1, theta=THETA)
    assert torch.allclose(found, y + hidden @ weights["ffn.w2.weight"].T, rtol=1e-12, atol=0)


def test_gradients_of_every_weight_by_differences():
    weights = weights_of(1)
    indices = tokens(1, 3, vocabulary=VOCABULARY, seed=3)
    leaves = [each.requires_grad_() for each in weights.values()]

    def logits(*values):
        named = dict(zip(weights, values, strict=True))
        return reference.transformer_lm(indices, named, layers=1, heads=2, theta=THETA)

    assert torch.autograd.gradcheck(logits, leaves, fast_mode=True)


def test_no_logit_has_a_gradient_of_a_later_embedding():
    weights = weights_of(2)
    embedding = weights["token_embeddings.weight"].requires_grad_()
    logits = reference.transformer_lm(torch.tensor([[0, 1, 2, 3]]), weights, layers=2, heads=2, theta=THETA)
    (gradient,) = torch.autograd.grad(logits[0, 1].sum(), embedding)
    seen = gradient.abs().sum(-1) > 0
    assert seen.tolist() == [True, True] + [False] * (VOCABULARY - 2)


def test_positions_may_be_given():
    weights = weights_of(1)
    indices = torch.tensor([[4, 5, 6]])
    kwargs = {"layers": 1, "heads": 2, "theta": THETA}
    counted = reference.transformer_lm(indices, weights, **kwargs)
    later = reference.transformer_lm(indices, weights, **kwargs, positions=torch.tensor([7, 8, 9]))
    apart = reference.transformer_lm(indices, weights, **kwargs, positions=torch.tensor([0, 3, 9]))
    assert torch.allclose(counted, later, rtol=0, atol=1e-12)
    assert not torch.allclose(counted, apart, rtol=0, atol=1e-3)


@pytest.mark.parametrize("adapter", [framework, manual], ids=["framework", "manual"])
def test_adapters_have_the_names_of_the_course(adapter):
    weights = weights_of(2, torch.float32)
    sizes = {"d_model": WIDTH, "num_heads": 2, "d_ff": HIDDEN}
    logits = adapter.run_transformer_lm(
        vocab_size=VOCABULARY,
        context_length=5,
        num_layers=2,
        rope_theta=THETA,
        weights=weights,
        in_indices=torch.tensor([[1, 2, 3]]),
        **sizes,
    )
    assert logits.shape == (1, 3, VOCABULARY)
    block = adapter.run_transformer_block(
        max_seq_len=5,
        theta=THETA,
        weights=block_weights(WIDTH, HIDDEN, seed=4),
        in_features=torch.ones(1, 3, WIDTH),
        **sizes,
    )
    assert block.shape == (1, 3, WIDTH)
