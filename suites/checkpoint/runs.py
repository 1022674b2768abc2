"""Training runs to stop and to go on with: models with everything that a state can hold."""

from __future__ import annotations

import copy

import torch

OPTIMIZERS = {
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, nesterov=True),
    "adam-amsgrad": lambda parameters: torch.optim.Adam(parameters, lr=0.01, amsgrad=True),
    "groups": lambda parameters: torch.optim.AdamW(
        [{"params": each, "lr": 0.01 * (place + 1)} for place, each in enumerate(parameters)]
    ),
}


def new_model(seed, device="cpu"):
    """Return a model with parameters, buffers and a frozen parameter."""

    class Model(torch.nn.Module):  # defined here, so that no file can hold it
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(6, 8)
            self.last = torch.nn.Linear(8, 2)
            self.scale = torch.nn.Parameter(torch.full((2,), 0.5 + seed % 5 / 4), requires_grad=False)
            self.mean: torch.Tensor
            self.seen: torch.Tensor
            self.register_buffer("mean", torch.zeros(8))
            self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

        def forward(self, x):
            self.seen += len(x)
            hidden = self.first(x)
            if self.training:
                self.mean.lerp_(hidden.detach().mean(0), 0.1)
            return self.last((hidden - self.mean).tanh()) * self.scale

    torch.manual_seed(seed)
    return Model().to(device)


def new_run(seed, kind="adamw", device="cpu"):
    """Return a model and its optimizer."""
    model = new_model(seed, device)
    return model, OPTIMIZERS[kind](list(model.parameters()))


def train(run, first, steps, seed=0):
    """Take steps with the data of iterations `first` to `first + steps - 1`; return the last loss."""
    model, optimizer = run
    loss = torch.zeros(())
    for iteration in range(first, first + steps):
        generator = torch.Generator().manual_seed(1000 * seed + iteration)
        x = torch.randn(5, 6, generator=generator).to(next(model.parameters()).device)
        optimizer.zero_grad()
        loss = (model(x) - x[:, :2]).square().mean()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def states(model, optimizer):
    """Return copies of both states."""
    return copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())


def assert_equal(got, wanted, place="state"):
    """Require that two states are equal bit for bit, the dtypes of tensors included."""
    assert type(got) is type(wanted) or not isinstance(wanted, (dict, list, torch.Tensor)), place
    if isinstance(wanted, torch.Tensor):
        assert got.dtype == wanted.dtype, f"{place}: {got.dtype}, expected {wanted.dtype}"
        assert torch.equal(got, wanted), f"{place}: other values"
    elif isinstance(wanted, dict):
        assert list(map(str, got)) == list(map(str, wanted)), f"{place}: other keys"
        for key, value in wanted.items():
            assert_equal(got[key], value, f"{place}[{key!r}]")
    elif isinstance(wanted, (list, tuple)):
        assert len(got) == len(wanted), f"{place}: another length"
        for number, pair in enumerate(zip(got, wanted, strict=True)):
            assert_equal(*pair, f"{place}[{number}]")
    else:
        assert got == wanted, f"{place}: {got!r}, expected {wanted!r}"
