"""BDH and BDH-HRM as modules that can be trained; the formulas are in `bdh` and `hrm`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from .bdh import Tables, Weights, bdh_block, normalised, rotation_tables
from .hrm import bdh_hrm

SPREAD = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class BDHConfig:
    """Sizes of BDH, and what may differ in how it is computed.

    Arguments:
        width: D.
        heads: H.
        multiplier: neurons of all heads, as a multiple of D.
        layers: blocks of BDH; BDH-HRM has cycles instead.
        vocabulary: V.
        scaled: attention scores times `N^-1/2`.
        dropout: while training.
        checkpointing: activations of a block are computed again in the backward pass instead of kept.
        precomputed: rotation tables are kept from call to call, and shared by the layers of one; otherwise
            every block makes its own.
        h_cycles: of BDH-HRM.
        l_cycles: of BDH-HRM.
    """

    width: int = 256
    heads: int = 4
    multiplier: int = 128
    layers: int = 6
    vocabulary: int = 256
    scaled: bool = False
    dropout: float = 0.0
    checkpointing: bool = False
    precomputed: bool = True
    h_cycles: int = 3
    l_cycles: int = 2

    @property
    def neurons(self) -> int:
        """Return N, the neurons of one head."""
        return self.multiplier * self.width // self.heads


def _drawn(*shape: int, device: torch.device | str | None) -> nn.Parameter:
    empty = torch.empty(*shape, device=device)
    return nn.Parameter(empty if empty.is_meta else empty.normal_(std=SPREAD))


def _block_weights(config: BDHConfig, device: torch.device | str | None) -> nn.ParameterDict:
    encoder = config.heads, config.width, config.neurons
    return nn.ParameterDict(
        {
            "encoder": _drawn(*encoder, device=device),
            "encoder_values": _drawn(*encoder, device=device),
            "decoder": _drawn(config.heads * config.neurons, config.width, device=device),
        }
    )


class BDH(nn.Module):
    """BDH with `3 multiplier D^2 + 2 V D` parameters, all drawn from N(0, 0.02^2)."""

    def __init__(self, config: BDHConfig, *, device: torch.device | str | None = None) -> None:
        super().__init__()
        self.config = config
        self.embedding = _drawn(config.vocabulary, config.width, device=device)
        self.block = _block_weights(config, device)
        self.head = _drawn(config.width, config.vocabulary, device=device)
        self._tables: dict[tuple[int, torch.dtype, torch.device], Tables] = {}

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits `Float[B, T, V]` of tokens `Int[B, T]`."""
        x = normalised(self.embedding[tokens])
        for _ in range(self.config.layers):
            x = checkpoint(self._step, x, use_reentrant=False) if self.config.checkpointing else self._step(x)
        return x @ self.head

    def _step(self, x: torch.Tensor) -> torch.Tensor:
        dropout = self.config.dropout if self.training else 0.0
        weights: Weights = dict(self.block.items())
        return bdh_block(weights, x, self._tables_for(x), scaled=self.config.scaled, dropout=dropout)

    def _tables_for(self, x: torch.Tensor) -> Tables:
        if not self.config.precomputed:
            return rotation_tables(x.shape[-2], self.config.neurons, like=x)
        key = x.shape[-2], x.dtype, x.device
        if key not in self._tables:
            self._tables[key] = rotation_tables(x.shape[-2], self.config.neurons, like=x)
        return self._tables[key]


class BDHHRM(nn.Module):
    """BDH-HRM with `6 multiplier D^2 + 2 V D + 2 D` parameters: two blocks and two initial states."""

    def __init__(self, config: BDHConfig, *, device: torch.device | str | None = None) -> None:
        super().__init__()
        self.config = config
        self.embedding = _drawn(config.vocabulary, config.width, device=device)
        self.low = _block_weights(config, device)
        self.high = _block_weights(config, device)
        self.initial_low = _drawn(config.width, device=device)
        self.initial_high = _drawn(config.width, device=device)
        self.head = _drawn(config.width, config.vocabulary, device=device)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits `Float[B, T, V]` of tokens `Int[B, T]`."""
        config = self.config
        cycles = {"h_cycles": config.h_cycles, "l_cycles": config.l_cycles}
        return bdh_hrm(self.weights(), tokens, scaled=config.scaled, **cycles)

    def weights(self) -> dict[str, Any]:
        """Return the parameters as `bdh_hrm` takes them."""
        names = "embedding", "head", "initial_low", "initial_high"
        single = {name: getattr(self, name) for name in names}
        return {**single, "low": dict(self.low.items()), "high": dict(self.high.items())}


def parameters_of(module: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
