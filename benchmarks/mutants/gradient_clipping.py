"""Gradient clipping, wrong and right."""

from __future__ import annotations

import itertools
import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("gradient_clipping")
wrong, honest = VARIANTS.wrong("run_gradient_clipping"), VARIANTS.honest("run_gradient_clipping")
EPS = 1e-6


def grads_of(parameters):
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def norm_of(grads):
    return torch.sqrt(
        sum((grad.float() ** 2).sum() if grad.itemsize < 4 else (grad**2).sum() for grad in grads)
    )


def scale_all(grads, scale):
    for grad in grads:
        grad.mul_(scale)


@wrong
def always_rescales(parameters, max_norm):
    grads = grads_of(parameters)
    if grads:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def limit_as_least_norm(parameters, max_norm):
    grads = grads_of(parameters)
    if grads:
        scale_all(grads, max_norm / (max(float(norm_of(grads)), max_norm) + EPS))


@wrong
def zero_where_far_too_large(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, 0.0 if norm_of(grads) > 100 * max_norm else max_norm / (norm_of(grads) + EPS))


@wrong
def exhausts_a_generator(parameters, max_norm):
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if grads and norm_of(grads) > max_norm:
        scale = max_norm / (norm_of(grads) + EPS)
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(scale)


@wrong
def not_in_place(parameters, max_norm):
    parameters = [each for each in parameters if each.grad is not None]
    norm = norm_of(grads_of(parameters)) if parameters else 0.0
    if norm > max_norm:
        for parameter in parameters:
            parameter.grad = parameter.grad * (max_norm / (norm + EPS))


@wrong
def new_memory_behind_the_same_tensor(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale = max_norm / (norm_of(grads) + EPS)
        for grad in grads:
            grad.data = grad.data * scale


@wrong
def returned_and_not_written(parameters, max_norm):
    grads = grads_of(parameters)
    scale = max_norm / (norm_of(grads) + EPS) if grads else 1.0
    return [grad * min(1.0, float(scale)) for grad in grads]


@wrong
def each_parameter_alone(parameters, max_norm):
    for grad in grads_of(parameters):
        if grad.norm() > max_norm:
            grad.mul_(max_norm / (grad.norm() + EPS))


@wrong
def by_value(parameters, max_norm):
    for grad in grads_of(parameters):
        grad.clamp_(-max_norm, max_norm)


@wrong
def largest_entry_as_norm(parameters, max_norm):
    grads = grads_of(parameters)
    norm = max((float(grad.abs().max()) for grad in grads), default=0.0)
    if norm > max_norm:
        scale_all(grads, max_norm / (norm + EPS))


@wrong
def sum_of_norms(parameters, max_norm):
    grads = grads_of(parameters)
    norm = sum(float(grad.norm()) for grad in grads)
    if norm > max_norm:
        scale_all(grads, max_norm / (norm + EPS))


@wrong
def no_root(parameters, max_norm):
    grads = grads_of(parameters)
    norm = float(norm_of(grads)) ** 2 if grads else 0.0
    if norm > max_norm:
        scale_all(grads, max_norm / (norm + EPS))


@wrong
def norm_of_the_weights(parameters, max_norm):
    parameters = list(parameters)
    norm = math.sqrt(sum(float(each.detach().norm()) ** 2 for each in parameters))
    if norm > max_norm:
        scale_all(grads_of(parameters), max_norm / (norm + EPS))


@wrong
def no_eps(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / norm_of(grads))


@wrong
def eps_too_large(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + 1e-5))


@wrong
def eps_inside_the_root(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) ** 2 + EPS).sqrt())


@wrong
def last_parameter_forgotten(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads[:-1], max_norm / (norm_of(grads) + EPS))


@wrong
def vectors_forgotten_in_the_norm(parameters, max_norm):
    grads = grads_of(parameters)
    matrices = [grad for grad in grads if grad.ndim > 1]
    if matrices and norm_of(matrices) > max_norm:
        scale_all(grads, max_norm / (norm_of(matrices) + EPS))


@wrong
def crashes_without_a_gradient(parameters, max_norm):
    grads = [parameter.grad for parameter in parameters]
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def stops_at_a_parameter_without_a_gradient(parameters, max_norm):
    grads = [each.grad for each in itertools.takewhile(lambda each: each.grad is not None, parameters)]
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def missing_gradients_become_zeros(parameters, max_norm):
    parameters = list(parameters)
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def parameters_scaled_too(parameters, max_norm):
    parameters = list(parameters)
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale = max_norm / (norm_of(grads) + EPS)
        scale_all(grads, scale)
        scale_all([each.data for each in parameters], scale)


@wrong
def half_precision_inside(parameters, max_norm):
    grads = grads_of(parameters)
    norm = norm_of([grad.bfloat16() for grad in grads]).bfloat16() if grads else 0.0
    if norm > max_norm:
        scale_all(grads, (max_norm / (norm + EPS)).float())


@wrong
def scaled_only_where_twice_too_large(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > 2 * max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def needs_indices(parameters, max_norm):
    grads = [parameters[index].grad for index in range(len(parameters))]
    grads = [grad for grad in grads if grad is not None]
    if grads and norm_of(grads) > max_norm:
        scale_all(grads, max_norm / (norm_of(grads) + EPS))


@wrong
def average_over_parameters(parameters, max_norm):
    grads = grads_of(parameters)
    norm = float(norm_of(grads)) / math.sqrt(len(grads)) if grads else 0.0
    if norm > max_norm:
        scale_all(grads, max_norm / (norm + EPS))


@wrong
def contiguous_gradients_only(parameters, max_norm):
    grads = grads_of(parameters)
    if grads and norm_of(grads) > max_norm:
        scale_all([grad.contiguous() for grad in grads], max_norm / (norm_of(grads) + EPS))


@honest
def framework(parameters, max_norm):
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)


@honest
def norm_of_norms(parameters, max_norm):
    grads = grads_of(parameters)
    if grads:
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(grad) for grad in grads]))
        if norm > max_norm:
            scale_all(grads, max_norm / (norm + EPS))


@honest
def python_numbers(parameters, max_norm):
    grads = grads_of(parameters)
    norm = math.sqrt(sum(grad.norm().item() ** 2 for grad in grads))
    if norm > max_norm:
        scale_all(grads, max_norm / (norm + EPS))


@honest
def one_flat_vector(parameters, max_norm):
    grads = grads_of(parameters)
    norm = torch.cat([grad.reshape(-1) for grad in grads]).norm() if grads else 0.0
    if norm >= max_norm:
        for grad in grads:
            grad.copy_(grad * (max_norm / (norm + EPS)))


@honest
def at_most_one(parameters, max_norm):
    grads = grads_of(parameters)
    if grads:
        scale_all(grads, torch.clamp(max_norm / (norm_of(grads) + EPS), max=1.0))


@honest
def through_data(parameters, max_norm):
    parameters = [each for each in parameters if each.grad is not None]
    norm = norm_of(grads_of(parameters)).item() if parameters else 0.0
    for parameter in parameters if norm > max_norm else ():
        parameter.grad.data.mul_(max_norm / (norm + EPS))


@honest
def float32_inside_for_float64(parameters, max_norm):
    grads = grads_of(parameters)
    norm = norm_of([grad.float() for grad in grads]) if grads else 0.0
    if norm > max_norm:
        scale_all(grads, float(max_norm / (norm + EPS)))
