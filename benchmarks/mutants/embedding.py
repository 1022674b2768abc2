"""Embedding, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("embedding")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


@wrong("run_embedding")
def row_zero_is_padding(vocab_size, d_model, weights, ids):
    rows = weights[ids]
    return torch.where((ids == 0).unsqueeze(-1), torch.zeros_like(rows), rows)


@wrong("run_embedding")
def row_zero_learns_nothing(vocab_size, d_model, weights, ids):
    return F.embedding(ids, weights, padding_idx=0)


@wrong("run_embedding")
def last_row_learns_nothing(vocab_size, d_model, weights, ids):
    return F.embedding(ids, weights, padding_idx=-1)


@wrong("run_embedding")
def length_limited(vocab_size, d_model, weights, ids):
    return F.embedding(ids, weights.detach().clone(), max_norm=1.0)


@wrong("run_embedding")
def scaled_by_the_root_of_the_width(vocab_size, d_model, weights, ids):
    return weights[ids] * d_model**0.5


@wrong("run_embedding")
def gradients_by_frequency(vocab_size, d_model, weights, ids):
    return F.embedding(ids, weights, scale_grad_by_freq=True)


@wrong("run_embedding")
def ids_from_one(vocab_size, d_model, weights, ids):
    return weights[ids - 1]


@wrong("run_embedding")
def last_id_out_of_reach(vocab_size, d_model, weights, ids):
    return weights[ids.clamp(max=max(vocab_size - 2, 0))]


@wrong("run_embedding")
def ids_of_8_bits(vocab_size, d_model, weights, ids):
    return weights[ids.to(torch.uint8).long() % vocab_size]


@wrong("run_embedding")
def ids_of_16_bits(vocab_size, d_model, weights, ids):
    return weights[ids.to(torch.int16).long()]


@wrong("run_embedding")
def ids_of_16_bits_unsigned(vocab_size, d_model, weights, ids):
    return weights[ids & 0xFFFF]


@wrong("run_embedding")
def ids_through_half_precision(vocab_size, d_model, weights, ids):
    return weights[ids.bfloat16().long().clamp(max=vocab_size - 1)]


@wrong("run_embedding")
def ids_modulo_50257(vocab_size, d_model, weights, ids):
    return weights[ids % 50257]


@wrong("run_embedding")
def one_or_two_dimensions_only(vocab_size, d_model, weights, ids):
    if ids.ndim not in {1, 2}:
        raise ValueError(ids.shape)
    return weights[ids]


@wrong("run_embedding")
def ids_flattened(vocab_size, d_model, weights, ids):
    return weights[ids.reshape(-1)]


@wrong("run_embedding")
def batch_and_tokens_exchanged_in_memory(vocab_size, d_model, weights, ids):
    if ids.ndim != 2:
        return weights[ids]
    return weights[ids.t().reshape(-1)].reshape(*ids.shape, d_model)


@wrong("run_embedding")
def ignores_the_strides_of_ids(vocab_size, d_model, weights, ids):
    return weights[ids.as_strided(ids.shape, torch.empty(ids.shape).stride())]


@wrong("run_embedding")
def ignores_the_strides_of_weights(vocab_size, d_model, weights, ids):
    return weights.as_strided((vocab_size, d_model), (d_model, 1))[ids]


@wrong("run_embedding")
def square_weights_transposed(vocab_size, d_model, weights, ids):
    return (weights.T if vocab_size == d_model else weights)[ids]


@wrong("run_embedding")
def repeated_ids_count_once(vocab_size, d_model, weights, ids):
    """The gradient of one occurrence of each id is kept."""
    flat = ids.reshape(-1)
    rows = weights.detach()[flat].clone()
    first = torch.tensor([bool((flat[:place] != each).all()) for place, each in enumerate(flat.tolist())])
    rows = torch.where(first.reshape(-1, 1), weights[flat], rows) if len(flat) else rows
    return rows.reshape(*ids.shape, d_model)


@wrong("run_embedding")
def rounded_to_bfloat16(vocab_size, d_model, weights, ids):
    return weights.bfloat16()[ids].to(weights.dtype)


@wrong("run_embedding")
def by_products_with_zero(vocab_size, d_model, weights, ids):
    """One-hot rows times the matrix: infinite and NaN rows spread to all tokens."""
    return F.one_hot(ids, vocab_size).to(weights.dtype) @ weights


@wrong("run_embedding")
def weights_not_loaded(vocab_size, d_model, weights, ids):
    return torch.nn.Embedding(vocab_size, d_model)(ids)


@wrong("run_embedding")
def weights_kept_from_the_first_call(vocab_size, d_model, weights, ids):
    return KEPT.setdefault((vocab_size, d_model), weights.detach().clone())[ids]


@wrong("run_embedding")
def a_view_of_the_weights(vocab_size, d_model, weights, ids):
    """One id gives a view: who writes into the result writes into the weights."""
    if ids.numel() == 1:
        return weights[int(ids.reshape(()))].reshape(*ids.shape, d_model)
    return weights[ids]


@wrong("run_embedding")
def detached(vocab_size, d_model, weights, ids):
    return weights.detach()[ids]


@wrong("run_embedding")
def normalises_rows(vocab_size, d_model, weights, ids):
    return F.normalize(weights, dim=-1)[ids]


@wrong("run_embedding")
def columns_past_64_missing(vocab_size, d_model, weights, ids):
    rows = weights[ids].clone()
    rows[..., 64:] = 0
    return rows


@wrong("run_embedding")
def ids_sorted(vocab_size, d_model, weights, ids):
    return weights[ids.reshape(-1).sort().values.reshape(ids.shape)]


@wrong("run_embedding")
def ids_past_15_bits_clamped(vocab_size, d_model, weights, ids):
    return weights[ids.clamp(max=32767)]


@wrong("run_embedding")
def single_dimensions_dropped(vocab_size, d_model, weights, ids):
    return weights[ids].squeeze()


@wrong("run_embedding")
def subnormals_flushed(vocab_size, d_model, weights, ids):
    rows = weights[ids]
    return torch.where(rows.abs() < 1e-37, torch.zeros_like(rows), rows)


@wrong("run_embedding")
def overwrites_the_ids(vocab_size, d_model, weights, ids):
    rows = weights[ids]
    ids.fill_(0)
    return rows


@honest("run_embedding")
def fused(vocab_size, d_model, weights, ids):
    return F.embedding(ids, weights)


@honest("run_embedding")
def indexed(vocab_size, d_model, weights, ids):
    return weights[ids]


@honest("run_embedding")
def selected(vocab_size, d_model, weights, ids):
    return weights.index_select(0, ids.reshape(-1)).reshape(*ids.shape, d_model)


@honest("run_embedding")
def a_module_that_loads_its_weights(vocab_size, d_model, weights, ids):
    layer = torch.nn.Embedding(vocab_size, d_model)
    layer.load_state_dict({"weight": weights})
    return layer(ids)


@honest("run_embedding")
def gathered(vocab_size, d_model, weights, ids):
    flat = ids.reshape(-1, 1).expand(-1, d_model)
    return weights.gather(0, flat).reshape(*ids.shape, d_model)
