"""Learning rates over a training run."""

from __future__ import annotations

import math


def warmup_cosine(
    iteration: int,
    *,
    max_learning_rate: float,
    min_learning_rate: float,
    warmup_iters: int,
    cosine_cycle_iters: int,
) -> float:
    """Return the learning rate of one iteration: up a line, down half a cosine, then level.

    `t/W max` while `t < W`; `min + (1 + cos(pi (t - W)/(C - W))) (max - min)/2` up to `t = C`; then `min`.
    Source: Loshchilov and Hutter, "SGDR", 2017, equation 5, one cycle, after a linear warm-up as in Touvron
    et al., "LLaMA", 2023, section 2.3. Where the cycle has no length (`C <= W`) the maximum is reached at
    `t = W` and left at once.

    Arguments:
        iteration: t, from 0 on.
        max_learning_rate, min_learning_rate: the ends of the cosine.
        warmup_iters: W, 0 for no warm-up.
        cosine_cycle_iters: C, the iteration of the cosine's end, counted from 0 and not from W.
    """
    if iteration < warmup_iters:
        return max_learning_rate * iteration / warmup_iters
    if iteration > cosine_cycle_iters:
        return min_learning_rate
    length = cosine_cycle_iters - warmup_iters
    progress = (iteration - warmup_iters) / length if length else 0.0
    height = (1 + math.cos(math.pi * progress)) / 2
    return min_learning_rate + height * (max_learning_rate - min_learning_rate)
