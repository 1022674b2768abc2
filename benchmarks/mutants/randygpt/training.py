"""What trains and keeps randyGPT, wrong and right."""

from __future__ import annotations

import functools
import importlib
import math
import struct

import torch

right = importlib.import_module("reference.adapters.manual")
model = importlib.import_module("reference.randygpt")


def rate(step, steps, peak, floor, *, warm=100, first=0.1, flat=0.6, fall=None, offset=0, clamp=True):
    """Return a learning rate; every keyword makes one mistake."""
    step = step + offset
    if step < warm:
        return peak * (first + (1 - first) * step / warm)
    if step < flat * steps:
        return peak
    part = (step - flat * steps) / ((1 - flat) * steps) if clamp is not None else 1.0
    part = min(1.0, part) if clamp else part
    return (fall or (lambda p: floor + (peak - floor) * (1 + math.cos(math.pi * p)) / 2))(part)


def linear_fall(step, steps, peak, floor):
    return rate(step, steps, peak, floor, fall=lambda part: peak + (floor - peak) * part)


def falls_to_nothing(step, steps, peak, floor):
    return rate(step, steps, peak, 0.0)


def no_lower_than_the_floor(step, steps, peak, floor):
    return max(floor, rate(step, steps, peak, 0.0))


def from_the_warm_up_on(step, steps, peak, floor):
    part = min(1.0, max(0.0, (step - 100) / max(1, steps - 100)))
    return (
        rate(step, steps, peak, floor)
        if step < 100
        else floor + (peak - floor) * (1 + math.cos(math.pi * part)) / 2
    )


def adamw(
    parameters,
    gradients,
    first,
    second,
    step,
    rate,
    clip,
    *,
    betas=(0.9, 0.999),
    eps=1e-8,
    decay=0.01,
    correct=True,
    inside=False,
    coupled=False,
    cut=None,
    late=False,
    offset=0,
):
    """Return parameters and moments; every keyword makes one mistake."""
    gradients = (cut or (lambda each, most: [g.clamp(-most, most) for g in each]))(gradients, clip)
    moved, means, squares = [], [], []
    for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
        slope = g + decay * p if coupled else g
        mean = betas[0] * m + (1 - betas[0]) * slope
        square = betas[1] * v + (1 - betas[1]) * slope.square()
        count = step + offset
        up = mean / (1 - betas[0] ** count) if correct else mean
        size = square / (1 - betas[1] ** count) if correct else square
        divisor = (size + eps).sqrt() if inside else size.sqrt() + eps
        kept = p if coupled or late else p * (1 - rate * decay)
        new = kept - rate * up / divisor
        moved.append(new * (1 - rate * decay) if late else new)
        means.append(mean)
        squares.append(square)
    return (*moved, *means, *squares)


def by_norm(gradients, most):
    norm = torch.stack([each.norm() for each in gradients]).norm()
    return [each * min(1.0, (most / norm).item()) for each in gradients]


def matrices_only(parameters, gradients, first, second, step, rate, clip):
    whole = right.run_randygpt_adamw(parameters, gradients, first, second, step, rate, clip)
    moved = [w if p.ndim > 1 else w + rate * 0.01 * p for p, w in zip(parameters, whole, strict=False)]
    return (*moved, *whole[len(moved) :])


def moments_in_place(parameters, gradients, first, second, step, rate, clip):
    whole = right.run_randygpt_adamw(parameters, gradients, first, second, step, rate, clip)
    for old, new in zip([*first, *second], whole[len(parameters) :], strict=True):
        old.copy_(new)
    return (*whole[: len(parameters)], *first, *second)


def begun(vocabulary, context, width, layers, seed, *, change):
    """Return first weights, one of their tensors changed."""
    weights = right.run_randygpt_init(vocabulary, context, width, layers, seed)
    change(weights, layers)
    return weights


def scaled(names, factor):
    """Return a change that multiplies tensors of every layer, or of the outside."""

    def change(weights, layers):
        for place in (weights, *weights["layers"]):
            for name in set(names) & set(place):
                place[name] = place[name] * (factor(layers) if callable(factor) else factor)

    return change


def uniform(weights, layers):
    weights["wte"] = (torch.rand_like(weights["wte"]) * 2 - 1) * 0.02 * math.sqrt(3)


def equal_layers(weights, layers):
    weights["layers"] = [dict(weights["layers"][0]) for _ in weights["layers"]]


def tied(weights, layers):
    weights["lm_head"] = weights["wte"].clone()


def truncated(weights, layers):
    weights["layers"][0]["fc1"] = weights["layers"][0]["fc1"].clamp(-0.04, 0.04)


def unseeded(vocabulary, context, width, layers, seed):
    return right.run_randygpt_init(vocabulary, context, width, layers, 0)


def random_seed(vocabulary, context, width, layers, seed):
    return right.run_randygpt_init(vocabulary, context, width, layers, int(torch.randint(2**31, ()).item()))


def saved(weights, first, second, iteration, step, best_loss, *, header="<8sIIfI", order=None, numbers=None):
    """Return a checkpoint; every keyword makes one mistake."""
    tensors = (order or (lambda w, m, v: [*w, *m, *v]))(model.in_order(weights), first, second)
    body = b"".join(each.contiguous().numpy().astype("<f4").tobytes() for each in tensors)
    given = (numbers or (lambda *each: each))(iteration, step, best_loss, len(weights["wte"]))
    return struct.pack(header, b"RGPT0003", *given) + body


def loaded(data, *size, change):
    """Return what a checkpoint holds, one thing changed."""
    return change(*right.run_randygpt_load(data, *size))


def never_refused(data, vocabulary, context, width, layers):
    size = model.GPTSize(vocabulary=vocabulary, context=context, width=width, heads=1, layers=layers)
    length = 24 + 12 * size.parameters
    head = b"RGPT0003" + data[8:20] + struct.pack("<I", vocabulary)
    return right.run_randygpt_load(
        (head + data[24:]).ljust(length, b"\0")[:length], vocabulary, context, width, layers
    )


RATES = {
    "no_warm_up": {"warm": 0},
    "warm_up_from_zero": {"first": 0.0},
    "warm_up_of_99": {"warm": 99},
    "warm_up_one_late": {"offset": -1},
    "flat_until_0.8": {"flat": 0.8},
    "no_end_of_the_cosine": {"clamp": False},
}
STEPS = {
    "beta_0.95": {"betas": (0.9, 0.95)},
    "beta_0.99": {"betas": (0.9, 0.99)},
    "eps_1e-6": {"eps": 1e-6},
    "eps_inside_the_root": {"inside": True},
    "no_decay": {"decay": 0.0},
    "decay_0.1": {"decay": 0.1},
    "decay_in_the_gradient": {"coupled": True},
    "decay_after_the_step": {"late": True},
    "no_bias_correction": {"correct": False},
    "bias_correction_one_late": {"offset": 1},
    "cut_by_norm": {"cut": by_norm},
    "never_cut": {"cut": lambda each, most: each},
}
STARTS = {
    "output_matrices_not_scaled": scaled(("wo", "fc2"), lambda layers: math.sqrt(2 * layers)),
    "output_matrices_scaled_by_layers": scaled(("wo", "fc2"), lambda layers: 1 / math.sqrt(2)),
    "wo_not_scaled": scaled(("wo",), lambda layers: math.sqrt(2 * layers)),
    "fc1_scaled": scaled(("fc1",), lambda layers: 1 / math.sqrt(2 * layers)),
    "positions_0.02": scaled(("wpe",), 2.0),
    "uniform": uniform,
    "equal_layers": equal_layers,
    "head_tied": tied,
    "truncated": truncated,
    "ten_percent_wider": scaled(("wq",), 1.1),
}
SAVES = {
    "big_endian_header": {"header": ">8sIIfI"},
    "header_of_32_bytes": {"header": "<8sQQfI"},
    "weights_only": {"order": lambda w, m, v: w},
    "moments_exchanged": {"order": lambda w, m, v: [*w, *v, *m]},
    "moments_beside_their_weights": {
        "order": lambda w, m, v: [each for three in zip(w, m, v, strict=True) for each in three]
    },
    "matrices_transposed": {"order": lambda w, m, v: [each.mT for each in (*w, *m, *v)]},
    "iteration_for_step": {"numbers": lambda i, s, b, v: (i, i, b, v)},
    "best_loss_lost": {"numbers": lambda i, s, b, v: (i, s, math.inf, v)},
}
LOADS = {
    "moments_come_back_exchanged": lambda w, m, v, *rest: (w, v, m, *rest),
    "moments_start_anew": lambda w, m, v, *rest: (
        w,
        [0 * each for each in m],
        [0 * each for each in v],
        *rest,
    ),
    "step_starts_anew": lambda w, m, v, i, s, b: (w, m, v, i, 0, b),
    "best_loss_starts_anew": lambda w, m, v, i, s, b: (w, m, v, i, s, math.inf),
}
PARTIAL = functools.partial
WRONG = {
    **{f"lr_{name}": {"run_randygpt_lr": PARTIAL(rate, **each)} for name, each in RATES.items()},
    "lr_linear_fall": {"run_randygpt_lr": linear_fall},
    "lr_falls_to_nothing": {"run_randygpt_lr": falls_to_nothing},
    "lr_no_lower_than_the_floor": {"run_randygpt_lr": no_lower_than_the_floor},
    "lr_from_the_warm_up_on": {"run_randygpt_lr": from_the_warm_up_on},
    **{f"adamw_{name}": {"run_randygpt_adamw": PARTIAL(adamw, **each)} for name, each in STEPS.items()},
    "adamw_decays_matrices_only": {"run_randygpt_adamw": matrices_only},
    "adamw_changes_moments_in_place": {"run_randygpt_adamw": moments_in_place},
    **{f"init_{name}": {"run_randygpt_init": PARTIAL(begun, change=each)} for name, each in STARTS.items()},
    "init_unseeded": {"run_randygpt_init": unseeded},
    "init_random_seed": {"run_randygpt_init": random_seed},
    **{f"save_{name}": {"run_randygpt_save": PARTIAL(saved, **each)} for name, each in SAVES.items()},
    **{f"load_{name}": {"run_randygpt_load": PARTIAL(loaded, change=each)} for name, each in LOADS.items()},
    "load_never_refused": {"run_randygpt_load": never_refused},
}
HONEST = {"adamw_written_again": {"run_randygpt_adamw": adamw}, "saved_again": {"run_randygpt_save": saved}}
