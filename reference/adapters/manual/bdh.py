"""BDH and BDH-HRM.

Narrower dtypes than float32 are computed in float32 and rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch

from ...bdh import Weights, bdh, bdh_block, bdh_recurrent, linear_attention, rotated, rotation_tables
from ...hrm import Step, bdh_hrm, hrm_loop
from ...precision import widened


def run_bdh_rope(x: torch.Tensor, position: int, theta: float) -> torch.Tensor:
    """Return `Float[..., T, N]` with pairs (2m, 2m + 1) turned by `t theta^(-2m / N)`, t from `position`."""
    wide = widened(x)
    tables = rotation_tables(x.shape[-2], x.shape[-1], like=wide, start=position, theta=theta)
    return rotated(wide, tables).to(x.dtype)


def run_bdh_attention(activations: torch.Tensor, values: torch.Tensor, scaled: bool) -> torch.Tensor:
    """Return `tril((R X)(R X)^T, -1) V` of X `Float[B, H, T, N]` and V `Float[B, T, D]`: `[B, H, T, D]`."""
    wide = widened(activations)
    tables = rotation_tables(wide.shape[-2], wide.shape[-1], like=wide)
    return linear_attention(wide, widened(values), tables, scaled=scaled).to(activations.dtype)


def run_bdh_block(weights: Weights, x: torch.Tensor, scaled: bool) -> torch.Tensor:
    """Return one block of x `Float[B, T, D]`; weights `encoder`, `encoder_values` and `decoder`."""
    wide = widened(x)
    tables = rotation_tables(x.shape[-2], weights["encoder"].shape[-1], like=wide)
    return bdh_block(_widened(weights), wide, tables, scaled=scaled).to(x.dtype)


def run_bdh(weights: Weights, tokens: torch.Tensor, layers: int, scaled: bool) -> torch.Tensor:
    """Return logits `Float[B, T, V]`; besides those of a block, weights `embedding` and `head`."""
    logits = bdh(_widened(weights), tokens, layers=layers, scaled=scaled)
    return logits.to(weights["embedding"].dtype)


def run_bdh_recurrent(
    weights: Weights,
    tokens: torch.Tensor,
    state: torch.Tensor,
    position: int,
    scaled: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of tokens that follow a state `Float[L, B, H, N, D]`, and the state after them."""
    logits, after = bdh_recurrent(_widened(weights), tokens, widened(state), position=position, scaled=scaled)
    return logits.to(weights["embedding"].dtype), after.to(state.dtype)


def run_hrm_loop(
    low: Step,
    high: Step,
    z_low: torch.Tensor,
    z_high: torch.Tensor,
    x: torch.Tensor,
    h_cycles: int,
    l_cycles: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the low and the high state; only the last call of `low` and of `high` has a gradient."""
    return hrm_loop(low, high, z_low, z_high, x, h_cycles=h_cycles, l_cycles=l_cycles)


def run_bdh_hrm(
    weights: Mapping[str, Any],
    tokens: torch.Tensor,
    h_cycles: int,
    l_cycles: int,
    scaled: bool,
) -> torch.Tensor:
    """Return logits `Float[B, T, V]`; weights `low` and `high` are those of one block each."""
    logits = bdh_hrm(_widened(weights), tokens, h_cycles=h_cycles, l_cycles=l_cycles, scaled=scaled)
    return logits.to(cast("torch.Tensor", weights["embedding"]).dtype)


def _widened(weights: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _widened(each) if isinstance(each, Mapping) else widened(each) for name, each in weights.items()
    }
