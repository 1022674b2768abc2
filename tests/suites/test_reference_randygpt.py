from __future__ import annotations

import importlib
import random

import pytest
import torch
from torch.nn import functional

from reference import randygpt_checkpoint, randygpt_tokenizers, randygpt_training
from reference.adapters import framework

# The package exports functions of these modules' names.
model = importlib.import_module("reference.randygpt")
SMALL = model.GPTSize(vocabulary=11, context=6, width=8, heads=2, layers=2)


def tokens(*shape):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("vocabulary", "context", "width", "layers", "count"),
    [
        (67, 64, 128, 4, 811_776),
        (67, 64, 128, 6, 1_204_992),
        (67, 64, 256, 6, 4_769_280),
        (67, 256, 256, 6, 4_818_432),
    ],
)
def test_the_journals_parameter_counts(vocabulary, context, width, layers, count):
    size = model.GPTSize(vocabulary=vocabulary, context=context, width=width, heads=1, layers=layers)
    weights = model.in_order(model.initial_weights(size, seed=0, device="meta"))
    assert size.parameters == sum(each.numel() for each in weights) == count


def test_the_presets():
    assert model.preset("S", vocabulary=117).parameters == 849_152
    assert model.preset("M", vocabulary=117).parameters == 2_748_288
    assert model.preset("L", vocabulary=67).parameters == 4_818_432
    with pytest.raises(ValueError, match="a preset is one of S, M, L, got 'XL'"):
        model.preset("XL", vocabulary=3)


def test_the_model_is_modules_put_together():
    weights, text = model.initial_weights(SMALL, seed=3), tokens(2, 5)
    x = functional.embedding(text, weights["wte"]) + weights["wpe"][:5]
    for layer in weights["layers"]:
        near = functional.rms_norm(x, (8,), eps=1e-5)
        q, k, v = (functional.linear(near, layer[name]).view(2, 5, 2, 4).mT.mT for name in ("wq", "wk", "wv"))
        seen = functional.scaled_dot_product_attention(
            *(y.transpose(1, 2) for y in (q, k, v)), is_causal=True
        )
        x = x + functional.linear(seen.transpose(1, 2).reshape(2, 5, 8), layer["wo"])
        hidden = functional.linear(functional.rms_norm(x, (8,), eps=1e-5), layer["fc1"]).relu() ** 2
        x = x + functional.linear(hidden, layer["fc2"])
    wanted = functional.linear(x, weights["lm_head"])
    assert torch.allclose(model.randygpt(weights, text, heads=2), wanted, rtol=1e-5, atol=1e-7)


def test_keys_and_values_of_the_current_position_alone_are_no_gradient():
    """What the journal calls correct: earlier keys and values are taken as constants."""

    def current_only(q, k, v):
        here = torch.eye(q.shape[-2], dtype=torch.bool)
        scores = torch.where(here, q @ k.mT, q @ k.detach().mT) / q.shape[-1] ** 0.5
        weights = torch.softmax(scores.masked_fill(torch.ones_like(here).triu(1), -torch.inf), -1)
        return (weights * here) @ v + (weights * ~here) @ v.detach()

    size = model.GPTSize(vocabulary=11, context=64, width=32, heads=4, layers=2)
    weights, text = model.initial_weights(size, seed=0), tokens(4, 65)
    given = weights, text[:, :-1], text[:, 1:]
    right = model.from_order(model.loss_and_gradients(*given, heads=4)[1:])
    wrong = model.from_order(model.loss_and_gradients(*given, heads=4, attention=current_only)[1:])
    for name, least in (("wk", 0.5), ("wv", 0.5), ("wq", 0.0)):
        a, b = (each["layers"][1][name] for each in (right, wrong))
        error = ((a - b).norm() / a.norm()).item()
        assert error > least if least else error < 1e-4


def test_the_optimiser_is_the_frameworks():
    drawn = [[torch.randn(3, 4, generator=torch.Generator().manual_seed(n))] for n in range(4)]
    drawn[3] = [drawn[3][0].square()]
    ours = randygpt_training.adamw(*drawn, step=7, rate=0.1, clip=0.5)
    theirs = framework.run_randygpt_adamw(*drawn, 7, 0.1, 0.5)
    assert all(torch.allclose(a, b, rtol=1e-6) for a, b in zip(ours, theirs, strict=True))


def test_the_module_has_the_journals_settings():
    module = randygpt_training.RandyGPT(SMALL, seed=3, dropout=0.5)
    text = tokens(2, 5)
    weights = model.initial_weights(SMALL, seed=3)
    assert torch.equal(module.eval()(text), model.randygpt(weights, text, heads=2))
    assert not torch.equal(module.train()(text), module(text))
    assert module.optimizer(0.1).defaults["weight_decay"] == 0.01


def test_a_checkpoint_of_the_journal_has_14_46_megabytes():
    assert randygpt_checkpoint.checkpoint_bytes(1_204_992) == 14_459_928


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"RGPT0001" + data[8:], "not a checkpoint: it starts with b'RGPT0001'"),
        (lambda data: data[:-1], "a checkpoint of this size has 21144 bytes, this one 21143"),
        (lambda data: data[:20] + b"\x0c" + data[21:], "has a vocabulary of 12, the model one of 11"),
    ],
)
def test_other_checkpoints_are_refused(change, message):
    weights = model.initial_weights(SMALL, seed=0)
    moments = model.in_order(weights)
    checkpoint = randygpt_checkpoint.Checkpoint(
        weights=weights, first=moments, second=moments, iteration=1, step=1, best_loss=0.5
    )
    with pytest.raises(ValueError, match=message):
        randygpt_checkpoint.loaded(change(randygpt_checkpoint.saved(checkpoint)), SMALL)


def test_characters():
    known = randygpt_tokenizers.CharacterTokenizer.of("to be\n")
    assert known.characters == "\n beot"
    assert (known.vocabulary, known.beginning, known.end) == (8, 6, 7)
    assert known.decode([known.beginning, *known.encode("tee\n"), known.end]) == "tee\n"
    with pytest.raises(KeyError):
        known.encode("x")


def test_byte_pairs_by_hand():
    found = randygpt_tokenizers.train_naively("ababab\nabc\n", 300)
    assert found.merges == ((97, 98), (256, 256))
    assert found.encode("abcabababab") == [256, 99, 257, 257]
    assert found.vocabulary == 258


def test_the_heap_finds_the_same_merges():
    draw = random.Random(0)
    for alphabet in ("ab\n", "abc é\n", "a"):
        for _ in range(20):
            text = "".join(draw.choice(alphabet) for _ in range(draw.randrange(80)))
            naive = randygpt_tokenizers.train_naively(text, 280)
            assert randygpt_tokenizers.train_with_a_heap(text, 280) == naive, text
            assert naive.decode(naive.encode(text)) == text
            assert randygpt_tokenizers.PairTokenizer.loaded(naive.saved()) == naive


def test_three_forms_of_attention_agree():
    transformer_layer = importlib.import_module("reference.transformer_layer")
    q, k, v = (torch.randn(2, 7, 12, generator=torch.Generator().manual_seed(n)) for n in range(3))
    batched = transformer_layer.attention_batched(q, k, v, 3)
    assert torch.equal(batched[:, 0], v[:, 0])
    for other in (transformer_layer.attention_by_head, transformer_layer.attention_fused):
        assert torch.allclose(other(q, k, v, 3), batched, rtol=1e-5, atol=1e-6)
