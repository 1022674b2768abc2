"""The hierarchical reasoning loop, and BDH inside it.

Source: Wang et al., "Hierarchical Reasoning Model", 2025: two states, a slow one (high) and a quick one
(low), refined in turn; only the last step of each is differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import torch

from .bdh import Weights, bdh_update, normalised, rotation_tables

Step: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
NestedWeights: TypeAlias = Mapping[str, torch.Tensor | Weights]


def hrm_loop(
    low: Step,
    high: Step,
    z_low: torch.Tensor,
    z_high: torch.Tensor,
    x: torch.Tensor,
    *,
    h_cycles: int,
    l_cycles: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the low and the high state after `h_cycles` cycles of `l_cycles` low steps and one high step.

    That is `h_cycles * l_cycles` calls of `low` and `h_cycles` of `high`. All but the last call of each
    run without gradient, so an initial state gets one only where no earlier call replaced it: the low one
    where both counts are 1, the high one where `h_cycles` is 1.

    Arguments:
        low: `(state, z_high + x) -> state`.
        high: `(state, z_low) -> state`.
        z_low: the first low state, any shape.
        z_high: the first high state.
        x: the input that every low step is given.
        h_cycles: at least 1.
        l_cycles: at least 1.

    Raises:
        ValueError: a count is below 1.
    """
    if h_cycles < 1 or l_cycles < 1:
        msg = f"h_cycles and l_cycles are at least 1, got {h_cycles} and {l_cycles}"
        raise ValueError(msg)
    with torch.no_grad():
        for cycle in range(h_cycles):
            last = cycle == h_cycles - 1
            for _ in range(l_cycles - last):
                z_low = low(z_low, z_high + x)
            if not last:
                z_high = high(z_high, z_low)
    z_low = low(z_low, z_high + x)
    return z_low, high(z_high, z_low)


def bdh_hrm(
    weights: NestedWeights, tokens: torch.Tensor, *, h_cycles: int, l_cycles: int, scaled: bool
) -> torch.Tensor:
    """Return logits `Float[B, T, V]` of BDH blocks refining two states; the head reads the high one.

    A step is `z -> LN(z + y(LN(z + injection)))` with y the update of a BDH block of its own weights.

    Arguments:
        weights: `embedding` `Float[V, D]`, `head` `Float[D, V]`, `initial_low` and `initial_high`
            `Float[D]`, and `low` and `high`, each with the `encoder`, `encoder_values` and `decoder` of BDH.
        tokens: `Int[B, T]`.
        h_cycles: see `hrm_loop`.
        l_cycles: see `hrm_loop`.
        scaled: whether attention scores are multiplied by `N^-1/2`.
    """
    x = normalised(_tensor(weights, "embedding")[tokens])
    low, high = _block(weights, "low"), _block(weights, "high")
    tables = rotation_tables(tokens.shape[-1], low["encoder"].shape[-1], like=x)

    def step_with(block: Weights) -> Step:
        def step(z: torch.Tensor, injection: torch.Tensor) -> torch.Tensor:
            return normalised(z + bdh_update(block, normalised(z + injection), tables, scaled=scaled))

        return step

    z_low, z_high = (_tensor(weights, name).expand_as(x) for name in ("initial_low", "initial_high"))
    _, z_high = hrm_loop(
        step_with(low), step_with(high), z_low, z_high, x, h_cycles=h_cycles, l_cycles=l_cycles
    )
    return z_high @ _tensor(weights, "head")


def _tensor(weights: NestedWeights, name: str) -> torch.Tensor:
    return cast("torch.Tensor", weights[name])


def _block(weights: NestedWeights, name: str) -> Weights:
    return cast("Weights", weights[name])
