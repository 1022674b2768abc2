"""What several experiments need: what is saved and held in memory, timing in turn, small models to train."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from .. import reference

text = importlib.import_module(f"{reference.__name__}.text")
tokenizers = importlib.import_module(f"{reference.__name__}.randygpt_tokenizers")
training = importlib.import_module(f"{reference.__name__}.training")

_HELD = """
import sys
sys.path[:] = {path!r}
import importlib, resource, torch
torch.set_num_threads(1)
run = getattr(importlib.import_module({module!r}), {function!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(*{args!r})
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def saved_bytes(forward: Callable[[], torch.Tensor]) -> int:
    """Return the bytes that a forward pass keeps for its backward pass, storages counted once.

    Works on meta tensors, which have sizes and no memory.
    """
    storages: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage  # noqa: SLF001 - nothing public tells storages without memory apart
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = forward()
    kept = sum(storage.nbytes() for storage in storages.values())
    del output
    return kept


def held_bytes(module: str, function: str, *args: Any) -> int:
    """Return by how much the peak memory of a fresh process grows while it calls a function.

    Arguments:
        module: the name of its module.
        function: its name.
        args: plain values.
    """
    program = _HELD.format(path=sys.path, module=module, function=function, args=args)
    # One heap that gives memory back, so that the peak is what was held at once.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True
    )
    return int(json.loads(answer.stdout))


def time_ratios(candidate: Callable[[], Any], baseline: Callable[[], Any], *, pairs: int = 9) -> list[float]:
    """Return candidate / baseline in CPU time, one ratio a pair; which goes first alternates.

    For functions that take too long to get ready for every process pair; the ratios hold for one process.
    """
    ratios = []
    with training.one_thread():
        for _ in range(2):
            candidate()
            baseline()
        for pair in range(pairs):
            order = (candidate, baseline) if pair % 2 else (baseline, candidate)
            spent = {function: _seconds(function) for function in order}
            ratios.append(spent[candidate] / spent[baseline])
    return ratios


def _seconds(function: Callable[[], Any]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def plays(most: int) -> tuple[torch.Tensor, torch.Tensor, str, int]:
    """Return tokens to train on, tokens to validate on, the text's source and digest, and the vocabulary.

    Characters are tokens. The text is that of the plays where they are installed, else generated.
    """
    found = text.plays_or_generated(most=most)
    first, rest = found.split()
    known = {letter: place for place, letter in enumerate(sorted(set(found.content)))}
    parts = (training.encoded_by(known, part) for part in (first, rest))
    return *parts, f"{found.source}, {len(found.content)} characters, sha256 {found.digest}", len(known)


def trained(
    model: torch.nn.Module,
    parts: Sequence[torch.Tensor],
    seed: int,
    *,
    rate: Callable[[int], float],
    **plan: Any,
) -> float:
    """Return the validation loss, in nats a token, of a model after training; see `training.Plan`."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate(0), weight_decay=0.01)
    chosen = training.Plan(seed=seed, rate=rate, **plan)
    return float(training.train(model, optimizer, parts, chosen).validations[-1].loss)


def step_of(model: torch.nn.Module, tokens: torch.Tensor, *, rate: float = 1e-3) -> Callable[[], float]:
    """Return a function that does one training step on tokens `Int[B, T + 1]`, and returns the loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)

    def step() -> float:
        return float(training.one_step(model, optimizer, tokens))

    return step


def random_tokens(vocabulary: int, *shape: int, seed: int = 0) -> torch.Tensor:
    """Return `Int[*shape]` below `vocabulary`."""
    return torch.randint(vocabulary, shape, generator=torch.Generator().manual_seed(seed))
