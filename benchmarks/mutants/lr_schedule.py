"""The learning-rate schedule, wrong and right."""

from __future__ import annotations

import math

import numpy as np
import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("lr_schedule")
NAME = "run_get_lr_cosine_schedule"
wrong, honest = VARIANTS.wrong(NAME), VARIANTS.honest(NAME)


def right(it, high, low, warmup, end):
    if it < warmup:
        return high * it / warmup
    if it > end:
        return low
    return cosine(it, high, low, warmup, end)


def cosine(it, high, low, warmup, end):
    progress = (it - warmup) / (end - warmup) if end > warmup else 0.0
    return low + (high - low) * (1 + math.cos(math.pi * progress)) / 2


@wrong
def divides_by_no_warmup(it, high, low, warmup, end):
    return min(1.0, it / warmup) * high if it <= warmup else right(it, high, low, warmup, end)


@wrong
def divides_by_no_cycle(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    return low + (high - low) * (1 + math.cos(math.pi * (it - warmup) / (end - warmup))) / 2


@wrong
def goes_on_after_the_cycle(it, high, low, warmup, end):
    return right(it, high, low, warmup, end) if it < warmup else cosine(it, high, low, warmup, end)


@wrong
def begins_again_after_the_cycle(it, high, low, warmup, end):
    return right(it % (end + 1), high, low, warmup, end)


@wrong
def zero_after_the_cycle(it, high, low, warmup, end):
    return 0.0 if it > end else right(it, high, low, warmup, end)


@wrong
def ten_per_cent_at_the_end(it, high, low, warmup, end):
    return right(it, high, 0.1 * high, warmup, end)


@wrong
def down_to_zero(it, high, low, warmup, end):
    return max(low, right(it, high, 0.0, warmup, end))


@wrong
def warmup_from_the_minimum(it, high, low, warmup, end):
    if it < warmup:
        return low + (high - low) * it / warmup
    return right(it, high, low, warmup, end)


@wrong
def warmup_one_ahead(it, high, low, warmup, end):
    return high * (it + 1) / warmup if it < warmup else right(it, high, low, warmup, end)


@wrong
def warmup_one_longer(it, high, low, warmup, end):
    return high * it / (warmup + 1) if it < warmup else right(it, high, low, warmup, end)


@wrong
def at_least_one_step_of_warmup(it, high, low, warmup, end):
    return right(it, high, low, max(1, warmup), end)


@wrong
def rounded(it, high, low, warmup, end):
    return round(right(it, high, low, warmup, end), 4)


@wrong
def warmup_is_level(it, high, low, warmup, end):
    return high if it < warmup else right(it, high, low, warmup, end)


@wrong
def cycle_counted_from_the_warmup(it, high, low, warmup, end):
    return right(it, high, low, warmup, warmup + end)


@wrong
def cosine_counted_from_zero(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    return low + (high - low) * (1 + math.cos(math.pi * it / max(1, end))) / 2


@wrong
def linear_decay(it, high, low, warmup, end):
    if it < warmup or it > end or end == warmup:
        return right(it, high, low, warmup, end)
    return high - (high - low) * (it - warmup) / (end - warmup)


@wrong
def half_missing(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    return low + (high - low) * math.cos(math.pi / 2 * (it - warmup) / max(1, end - warmup))


@wrong
def whole_cosine(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    return low + (high - low) * (1 + math.cos(2 * math.pi * (it - warmup) / max(1, end - warmup))) / 2


@wrong
def cosine_of_the_maximum_only(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    return low + high * (1 + math.cos(math.pi * (it - warmup) / max(1, end - warmup))) / 2


@wrong
def cosine_ends_one_late(it, high, low, warmup, end):
    return right(it, high, low, warmup, end + 1) if it >= warmup else right(it, high, low, warmup, end)


@wrong
def integer_division(it, high, low, warmup, end):
    if it < warmup or it > end:
        return right(it, high, low, warmup, end)
    degrees = 180 * (it - warmup) // max(1, end - warmup)
    return low + (high - low) * (1 + math.cos(math.radians(degrees))) / 2


@wrong
def minimum_reached_at_once(it, high, low, warmup, end):
    return low if it >= end else right(it, high, low, warmup, min(end, warmup + (end - warmup) // 2))


@honest
def the_other_way_round(it, high, low, warmup, end):
    if it > end:
        return low
    if it >= warmup:
        return low if end == warmup else cosine(it, high, low, warmup, end)
    return it / warmup * high


@honest
def numpy_numbers(it, high, low, warmup, end):
    if it < warmup:
        return np.float64(it) / warmup * high
    share = np.clip((it - warmup) / max(1, end - warmup), 0, 1)
    return low + 0.5 * (1 + np.cos(np.pi * share)) * (high - low)


@honest
def a_float32_tensor(it, high, low, warmup, end):
    if it < warmup:
        return torch.tensor(high * it / warmup)
    share = torch.tensor(min(1.0, (it - warmup) / max(1, end - warmup)))
    return low + 0.5 * (1 + torch.cos(torch.pi * share)) * (high - low)


@honest
def a_square_of_a_cosine(it, high, low, warmup, end):
    if it < warmup:
        return it / warmup * high
    share = min(1.0, (it - warmup) / max(1, end - warmup))
    return low + (high - low) * math.cos(math.pi / 2 * share) ** 2
