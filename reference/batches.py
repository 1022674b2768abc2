"""Training batches cut from one long sequence of tokens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch


def token_batch(
    dataset: npt.NDArray[np.integer], batch_size: int, context_length: int, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return windows of a token sequence that start anywhere, and the same windows one token later.

    Each start is drawn on its own and uniformly from 0 to `n - T - 1`, the last place where a window and its
    last target fit. Only the windows are read, so the sequence may be a memory map larger than memory. The
    starts come from PyTorch's default generator.

    Arguments:
        dataset: `Int[n]`, any integer dtype, `n > T`.
        batch_size: number of windows B.
        context_length: tokens of a window T.
        device: where the windows are put.

    Returns:
        Inputs and targets, `Int64[B, T]` each; `targets[b, t]` is the token after `inputs[b, t]`.

    Raises:
        ValueError: no window fits.
    """
    choices = len(dataset) - context_length
    if choices < 1:
        raise ValueError(f"{len(dataset)} tokens hold no window of {context_length} and its last target")
    starts = torch.randint(choices, (batch_size, 1)).numpy()
    windows = dataset[starts + np.arange(context_length + 1)].astype(np.int64)
    tokens = torch.from_numpy(np.asarray(windows)).to(device)
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
