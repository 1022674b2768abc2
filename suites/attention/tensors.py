"""Queries, keys, values and masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from pytest_bolt.correctness import inputs, verify_gradients

from .. import reference

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
Operation = Callable[..., Any]


def twin(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    mask: torch.Tensor | None = None,
    causal: bool = False,
) -> torch.Tensor:
    """Return the framework's own attention; below float32 on a CPU, what it gives on tensor cores."""
    if torch.finfo(q.dtype).bits >= 32 or q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    seen = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril() if causal else mask
    answer: torch.Tensor = _TensorCores.apply(q, k, v, seen)
    return answer


class _TensorCores(torch.autograd.Function):
    """Attention whose products take operands in the dtype of the inputs and sum in float32.

    Forward and backward as FlashAttention-2 (Dao 2023, algorithms 1 and 2) has them: weights and gradients of
    scores are cast before a product, and what a row's weights have in common is of the answer as it was cast.
    """

    @staticmethod
    def forward(
        ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor | None
    ) -> torch.Tensor:
        scores = q.float() @ k.float().mT * q.shape[-1] ** -0.5
        if seen is not None:
            scores = scores.masked_fill(~seen, -torch.inf)
        weights = (scores - scores.amax(-1, keepdim=True)).exp()
        total = weights.sum(-1, keepdim=True)
        answer: torch.Tensor = (weights.to(v.dtype).float() @ v.float() / total).to(v.dtype)
        ctx.save_for_backward(q, k, v, weights / total, answer)
        return answer

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        q, k, v, weights, answer = ctx.saved_tensors
        given = upstream.float()
        common = (given * answer.float()).sum(-1, keepdim=True)
        of_scores = (weights * (given @ v.float().mT - common)).to(q.dtype).float() * q.shape[-1] ** -0.5
        of_values = weights.to(v.dtype).float().mT @ given
        return (
            (of_scores @ k.float()).to(q.dtype),
            (of_scores.mT @ q.float()).to(k.dtype),
            of_values.to(v.dtype),
            None,
        )


# What attention is held to.
JUDGED: dict[str, Any] = {"oracle": reference.attention, "twin": twin}


def qkv(
    shape: Sequence[int],
    *,
    keys: int | None = None,
    values: int | None = None,
    key_heads: int | None = None,
    distribution: str = "blocks",
    seed: int = 0,
    **place: Any,
) -> Tensors:
    """Return queries `Float[..., T, D]` of a shape, and keys and values of other sizes where given.

    Queries are an eighth of what the distribution says: a score in the hundreds would say more about the
    rounding of scores, in which right implementations differ as chance has it, than about attention.
    Values never have constant rows, of which all elements cancel at once.

    Arguments:
        shape: of the queries.
        keys: how many; as queries by default.
        values: width of a value; that of a key by default.
        key_heads: size of the dimension before `keys`; that of the queries by default.
        distribution: of the rows, a name of `inputs.DISTRIBUTIONS`.
        seed: of the values; the three tensors differ.
        **place: `device` and `dtype`.
    """
    *leading, tokens, width = shape
    if key_heads is not None:
        leading[-1] = key_heads
    key_shape = (*leading, tokens if keys is None else keys, width)
    value_shape = (*key_shape[:-1], width if values is None else values)
    q = _rows(distribution, tuple(shape), seed=3 * seed, **place).mul_(0.125)
    k = _rows(distribution, key_shape, seed=3 * seed + 1, **place)
    varied = "blocks" if distribution == "constant_rows" else distribution
    return q, k, _rows(varied, value_shape, seed=3 * seed + 2, **place)


def some_mask(*shape: int, device: torch.device | str = "cpu", seed: int = 0) -> torch.Tensor:
    """Return `Bool[..., Tq, Tk]` in which about half the keys are seen, and the last by every query."""
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[..., -1] = True
    return mask.to(device)


def verify_gradients_by_head(
    fn: Operation,
    tensors: Tensors,
    *,
    oracle: Operation,
    twin: Operation,
    kwargs: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> None:
    """Hold the gradients of `fn(q, k, v)` to those of `oracle(q, k, v, **kwargs)`, each head as one row.

    A query that sees one key only has no gradient at all. What rounding leaves of it is small beside the
    gradients of its head, and means nothing beside zero.
    """
    shapes = [each.shape for each in tensors]

    def of_heads(operation: Operation) -> Operation:
        def call(*flat: torch.Tensor, **named: Any) -> Any:
            whole = (each.reshape(shape) for each, shape in zip(flat, shapes, strict=True))
            return operation(*whole, **named).flatten(-2)

        return call

    verify_gradients(
        of_heads(fn),
        [each.flatten(-2) for each in tensors],
        oracle=of_heads(oracle),
        twin=of_heads(twin),
        kwargs=kwargs,
        seed=seed,
    )


def _rows(distribution: str, shape: tuple[int, ...], **drawn: Any) -> torch.Tensor:
    *leading, columns = shape
    rows = torch.Size(leading).numel()
    return inputs.DISTRIBUTIONS[distribution](rows, columns, **drawn).reshape(shape)
