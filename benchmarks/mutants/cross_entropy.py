"""Cross-entropy, wrong and right."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("cross_entropy")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


def flat(logits, targets):
    return logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)


def chosen(values, targets):
    return values.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


@wrong("run_cross_entropy")
def two_dimensions_only(logits, targets):
    return F.nll_loss(torch.log_softmax(logits, 1), targets)


@wrong("run_cross_entropy")
def by_row_numbers(logits, targets):
    return -torch.log_softmax(logits, -1)[torch.arange(len(logits)), targets].mean()


@wrong("run_cross_entropy")
def classes_in_dimension_one(logits, targets):
    return F.cross_entropy(logits, targets)


@wrong("run_cross_entropy")
def sum_for_mean(logits, targets):
    return F.cross_entropy(*flat(logits, targets), reduction="sum")


@wrong("run_cross_entropy")
def mean_of_the_first_dimension_only(logits, targets):
    total = F.cross_entropy(*flat(logits, targets), reduction="sum")
    return total / (len(targets) if targets.ndim else 1)


@wrong("run_cross_entropy")
def divided_by_the_vocabulary_too(logits, targets):
    return -(F.one_hot(targets, logits.shape[-1]) * torch.log_softmax(logits, -1)).mean()


@wrong("run_cross_entropy")
def no_mean(logits, targets):
    return -chosen(torch.log_softmax(logits, -1), targets)


@wrong("run_cross_entropy")
def naive(logits, targets):
    return (logits.exp().sum(-1).log() - chosen(logits, targets)).mean()


@wrong("run_cross_entropy")
def naive_in_float64(logits, targets):
    wide = logits.double()
    return (wide.exp().sum(-1).log() - chosen(wide, targets)).mean().to(logits.dtype)


@wrong("run_cross_entropy")
def log_of_softmax(logits, targets):
    return -chosen(torch.softmax(logits, -1).log(), targets).mean()


@wrong("run_cross_entropy")
def log_of_softmax_plus_eps(logits, targets):
    return -chosen((torch.softmax(logits, -1) + 1e-9).log(), targets).mean()


@wrong("run_cross_entropy")
def log_of_softmax_plus_tiny(logits, targets):
    return -chosen((torch.softmax(logits, -1) + 1e-30).log(), targets).mean()


@wrong("run_cross_entropy")
def clamped_probability(logits, targets):
    return -chosen(torch.softmax(logits, -1).clamp(min=1e-12).log(), targets).mean()


@wrong("run_cross_entropy")
def clamped_logits(logits, targets):
    return F.cross_entropy(*flat(logits.clamp(-50, 50), targets))


@wrong("run_cross_entropy")
def clamped_loss(logits, targets):
    return F.cross_entropy(*flat(logits, targets), reduction="none").clamp(max=100).mean()


@wrong("run_cross_entropy")
def one_global_maximum(logits, targets):
    shifted = logits - logits.max()
    return (shifted.exp().sum(-1).log() - chosen(shifted, targets)).mean()


@wrong("run_cross_entropy")
def maximum_subtracted_from_one_term_only(logits, targets):
    largest = logits.amax(-1, keepdim=True)
    return ((logits - largest).exp().sum(-1).log() - chosen(logits, targets)).mean()


@wrong("run_cross_entropy")
def eps_in_the_logarithm(logits, targets):
    shifted = logits - logits.amax(-1, keepdim=True)
    return ((shifted.exp().sum(-1) + 1e-4).log() - chosen(shifted, targets)).mean()


@wrong("run_cross_entropy")
def labels_smoothed(logits, targets):
    return F.cross_entropy(*flat(logits, targets), label_smoothing=0.1)


@wrong("run_cross_entropy")
def target_zero_is_ignored(logits, targets):
    return F.cross_entropy(*flat(logits, targets), ignore_index=0)


@wrong("run_cross_entropy")
def last_token_is_ignored(logits, targets):
    return F.cross_entropy(*flat(logits, targets), ignore_index=logits.shape[-1] - 1)


@wrong("run_cross_entropy")
def sign_forgotten(logits, targets):
    return -F.cross_entropy(*flat(logits, targets))


@wrong("run_cross_entropy")
def in_bits(logits, targets):
    return F.cross_entropy(*flat(logits, targets)) / math.log(2)


@wrong("run_cross_entropy")
def softmax_twice(logits, targets):
    return F.cross_entropy(*flat(torch.softmax(logits, -1), targets))


@wrong("run_cross_entropy")
def perplexity(logits, targets):
    return F.cross_entropy(*flat(logits, targets)).exp()


@wrong("run_cross_entropy")
def targets_shifted_by_one(logits, targets):
    return F.cross_entropy(*flat(logits, (targets + 1) % logits.shape[-1]))


@wrong("run_cross_entropy")
def last_position_left_out(logits, targets):
    rows, labels = flat(logits, targets)
    kept = max(len(rows) - 1, 1)
    return F.cross_entropy(rows[:kept], labels[:kept])


@wrong("run_cross_entropy")
def bfloat16_inside(logits, targets):
    return F.cross_entropy(*flat(logits.bfloat16(), targets)).to(logits.dtype)


@wrong("run_cross_entropy")
def half_inside(logits, targets):
    return F.cross_entropy(*flat(logits.half(), targets)).to(logits.dtype)


@wrong("run_cross_entropy")
def float32_for_everything(logits, targets):
    return F.cross_entropy(*flat(logits.float(), targets)).to(logits.dtype)


@wrong("run_cross_entropy")
def returns_float64(logits, targets):
    return F.cross_entropy(*flat(logits.double(), targets))


@wrong("run_cross_entropy")
def returns_a_number(logits, targets):
    return F.cross_entropy(*flat(logits, targets)).item()


@wrong("run_cross_entropy")
def keeps_a_dimension(logits, targets):
    return F.cross_entropy(*flat(logits, targets)).reshape(1)


@wrong("run_cross_entropy")
def mutates_its_input(logits, targets):
    if not logits.requires_grad:
        logits -= logits.amax(-1, keepdim=True)
    return F.cross_entropy(*flat(logits, targets))


@wrong("run_cross_entropy")
def hides_nan(logits, targets):
    return F.cross_entropy(*flat(logits.nan_to_num(0.0), targets))


@wrong("run_cross_entropy")
def mean_of_finite_rows(logits, targets):
    rows = F.cross_entropy(*flat(logits, targets), reduction="none")
    return rows[rows.isfinite()].mean()


@wrong("run_cross_entropy")
def first_tile_only(logits, targets):
    largest = logits.amax(-1, keepdim=True)
    seen = (logits - largest)[..., :32768].exp().sum(-1).log()
    return (seen - chosen(logits - largest, targets)).mean()


@wrong("run_cross_entropy")
def maximum_of_the_first_tile(logits, targets):
    shifted = logits - logits[..., :64].amax(-1, keepdim=True)
    return (shifted.exp().sum(-1).log() - chosen(shifted, targets)).mean()


@wrong("run_cross_entropy")
def detached(logits, targets):
    return F.cross_entropy(*flat(logits.detach(), targets))


@wrong("run_cross_entropy")
def normaliser_is_detached(logits, targets):
    largest = logits.detach().amax(-1, keepdim=True)
    return ((logits.detach() - largest).exp().sum(-1).log() - chosen(logits - largest, targets)).mean()


class _OwnBackward(torch.autograd.Function):
    """The right forward; the gradient is a sum's."""

    @staticmethod
    def forward(ctx, logits, targets):
        ctx.save_for_backward(logits, targets)
        return F.cross_entropy(*flat(logits, targets))

    @staticmethod
    def backward(ctx, upstream):
        logits, targets = ctx.saved_tensors
        hot = F.one_hot(targets, logits.shape[-1]).to(logits.dtype)
        return upstream * (torch.softmax(logits, -1) - hot), None


@wrong("run_cross_entropy")
def gradient_of_the_sum(logits, targets):
    return _OwnBackward.apply(logits, targets)


class _NoUpstream(torch.autograd.Function):
    """The right forward; the gradient ignores what comes from above."""

    @staticmethod
    def forward(ctx, logits, targets):
        ctx.save_for_backward(logits, targets)
        return F.cross_entropy(*flat(logits, targets))

    @staticmethod
    def backward(ctx, _upstream):
        logits, targets = ctx.saved_tensors
        hot = F.one_hot(targets, logits.shape[-1]).to(logits.dtype)
        return (torch.softmax(logits, -1) - hot) / max(targets.numel(), 1), None


@wrong("run_cross_entropy")
def gradient_ignores_upstream(logits, targets):
    return _NoUpstream.apply(logits, targets)


@wrong("run_cross_entropy")
def the_loss_of_the_first_call(logits, targets):
    loss = F.cross_entropy(*flat(logits, targets))
    return KEPT.setdefault((logits.shape, logits.dtype, logits.data_ptr()), loss)


@honest("run_cross_entropy")
def fused(logits, targets):
    return F.cross_entropy(*flat(logits, targets))


@honest("run_cross_entropy")
def logsumexp_less_the_logit(logits, targets):
    """Adds the largest logit back: stable, though the last digits of a large one are lost."""
    return (torch.logsumexp(logits, -1) - chosen(logits, targets)).mean()


@honest("run_cross_entropy")
def by_its_formula(logits, targets):
    shifted = logits - logits.amax(-1, keepdim=True)
    return (shifted.exp().sum(-1).log() - chosen(shifted, targets)).mean()


@honest("run_cross_entropy")
def one_hot_times_log_softmax(logits, targets):
    hot = F.one_hot(targets, logits.shape[-1]).to(logits.dtype)
    return -(hot * torch.log_softmax(logits, -1)).sum(-1).mean()


@honest("run_cross_entropy")
def float64_inside(logits, targets):
    return F.cross_entropy(*flat(logits.double(), targets)).to(logits.dtype)


@honest("run_cross_entropy")
def sum_over_the_count(logits, targets):
    rows, labels = flat(logits, targets)
    return sum(
        F.cross_entropy(*part, reduction="sum") for part in zip(rows.split(7), labels.split(7), strict=True)
    ) / len(labels)
