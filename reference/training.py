"""Train a model of tokens for some steps, the same way every time."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

Schedule = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Validation:
    """The loss of each window of the validation text, after some step."""

    step: int
    windows: tuple[float, ...]

    @property
    def loss(self) -> float:
        """Return the mean, in nats a token."""
        return sum(self.windows) / len(self.windows)

    @property
    def perplexity(self) -> float:
        """Return `exp(loss)`."""
        return math.exp(self.loss)

    @property
    def standard_error(self) -> float:
        """Return the standard error of the mean over windows; not a number for one window."""
        count = len(self.windows)
        if count < 2:
            return math.nan
        squares = sum((each - self.loss) ** 2 for each in self.windows)
        return math.sqrt(squares / (count - 1) / count)


@dataclass(slots=True)
class History:
    """What happened: the training loss of every step, and the validations."""

    losses: list[float] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)

    @property
    def best(self) -> Validation:
        """Return the validation of the lowest loss, the earliest of equals."""
        return min(self.validations, key=lambda each: each.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to train.

    Arguments:
        steps: optimiser steps.
        batch: sequences a step.
        context: tokens a sequence.
        seed: of the places that sequences are taken from, and of dropout.
        rate: the learning rate of each step, counted from 0.
        windows: pieces of the validation text that a validation measures.
        validate_every: steps between validations; one is always made after the last step.
        clip: the largest element of a gradient.
    """

    steps: int
    batch: int
    context: int
    seed: int
    rate: Schedule
    windows: int = 10
    validate_every: int | None = None
    clip: float | None = None


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, texts: Sequence[torch.Tensor], plan: Plan
) -> History:
    """Train a model in place and return what happened.

    One thread, and a generator of its own for the places: two calls with equal arguments give equal bits.

    Arguments:
        model: tokens `Int[B, T]` to logits `Float[B, T, V]`.
        optimizer: of the model's parameters; its learning rate is set before every step.
        texts: `Int[tokens]` to train on, and `Int[tokens]` to validate on.
        plan: how.
    """
    training, validation = texts
    places = torch.Generator().manual_seed(plan.seed)
    history = History()
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        for step in range(plan.steps):
            if plan.validate_every and step % plan.validate_every == 0:
                history.validations.append(validated(model, validation, plan, step))
            for group in optimizer.param_groups:
                group["lr"] = plan.rate(step)
            sequences = drawn_sequences(training, plan, places)
            history.losses.append(one_step(model, optimizer, sequences, clip=plan.clip))
        history.validations.append(validated(model, validation, plan, plan.steps))
    return history


def one_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, sequences: torch.Tensor, *, clip: float | None = None
) -> float:
    """Return the loss of sequences `Int[B, T + 1]` before a step of the optimiser."""
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = next_token_losses(model, sequences).mean()
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own has no types
    if clip is not None:
        nn.utils.clip_grad_value_(model.parameters(), clip)
    optimizer.step()
    return loss.item()


def validated(model: nn.Module, text: torch.Tensor, plan: Plan, step: int) -> Validation:
    """Return the loss of windows that lie evenly over a text: the same ones every time.

    Raises:
        ValueError: the text is shorter than a window.
    """
    last = len(text) - plan.context - 1
    if last < 0:
        msg = f"a window has {plan.context + 1} tokens, the validation text {len(text)}"
        raise ValueError(msg)
    starts = torch.linspace(0, last, plan.windows, dtype=torch.float64).long()
    model.eval()
    with torch.no_grad():
        losses = [
            next_token_losses(model, text[start : start + plan.context + 1][None]).mean().item()
            for start in starts.tolist()
        ]
    return Validation(step, tuple(losses))


def next_token_losses(model: nn.Module, sequences: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of each next token, `Float[B, T]` of sequences `Int[B, T + 1]`."""
    logits: torch.Tensor = model(sequences[:, :-1])
    return functional.cross_entropy(logits.transpose(1, 2).float(), sequences[:, 1:], reduction="none")


def drawn_sequences(text: torch.Tensor, plan: Plan, places: torch.Generator) -> torch.Tensor:
    """Return `Int[batch, context + 1]` from random places of a text."""
    starts = torch.randint(len(text) - plan.context, (plan.batch,), generator=places)
    return torch.stack([text[start : start + plan.context + 1] for start in starts.tolist()])


def encoded_by(known: Mapping[str, int], text: str) -> torch.Tensor:
    """Return the tokens of a text, `Int64[characters]`, characters that are unknown left out."""
    return torch.tensor([known[each] for each in text if each in known], dtype=torch.int64)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: sums depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
