"""Journal 002: BDH in half precision, its memory, the hybrid with HRM."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from . import models
from .material import held_bytes, plays, random_tokens, saved_bytes, step_of, time_ratios, trained, training

pytestmark = pytest.mark.claim(style="logbook")

MEMORY = "002 BDH: memory of a training step"
TABLES = "002 BDH: rotation tables kept from call to call"
HALF = "002 BDH: float16 breaks down after one step"
SCORES = "002 BDH: raw attention scores"
SCALED = "002 BDH: scores divided by the square root of N"
COMPILED = "002 BDH: torch.compile"
COUNTS = "002 Parameters of BDH and BDH-HRM"
HYBRID = "002 BDH-HRM: time of a step"
QUALITY = "002 BDH-HRM: validation loss"
LOOP = "002 BDH-HRM: six iterations are six layers"
STEPS = 10


@pytest.mark.claim(
    MEMORY,
    "at B=32 and T=512 it keeps about 74 GB of activations",
    expect=("kept >= 73.5 GiB", "kept <= 75.5 GiB"),
    published="~74 GB",
)
def test_kept_activations(claim):
    """On meta tensors, which have sizes and no memory."""
    model = reference.BDH(reference.BDHConfig(dropout=0.1), device="meta")
    tokens = torch.zeros(32, 512, dtype=torch.int64, device="meta")
    claim.found("kept", saved_bytes(lambda: model(tokens)), "B")


@pytest.mark.claim(
    MEMORY, "checkpointing takes 60 % off the peak", expect="peak_ratio <= 0.45", published="-60 %"
)
def test_checkpointing(claim):
    plain, checkpointed = (held_bytes(models.__name__, "train_one_step", flag) for flag in (False, True))
    claim.found("peak_ratio", checkpointed / plain)


def forward(**config):
    """Return a function that runs the small BDH forward."""
    model = models.bdh(**models.SMALL, layers=6, **config).eval()
    tokens = random_tokens(models.VOCABULARY, 4, 128)

    def run():
        with torch.no_grad():
            return model(tokens)

    return run


@pytest.mark.claim(
    TABLES,
    "keeping them makes a forward pass faster",
    expect="time <= 0.99x base",
    published="1.3 ms a forward pass",
)
@pytest.mark.bolt(baseline="tables made by every block", margin="2%")
def test_tables(bolt):
    bolt.versus(forward(precomputed=True), forward(precomputed=False))


def steps_in_half(*, scaled, context=256, steps=STEPS):
    """Return how many steps of float16 training stay finite, and what broke: forward, backward, nothing."""
    model = models.bdh(**models.OVERFLOWING, scaled=scaled).half()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    for step in range(steps):
        tokens = random_tokens(models.VOCABULARY, 1, context + 1, seed=step)
        loss = training.next_token_losses(model, tokens).mean()
        if not loss.isfinite():
            return step, "forward"
        optimizer.zero_grad()
        loss.backward()
        if not all(each.grad.isfinite().all() for each in model.parameters()):
            return step, "backward"
        optimizer.step()
    return steps, "nothing"


@pytest.mark.claim(
    HALF, "it is NaN after one training step", expect="finite_steps <= 1", published="after 1 step"
)
def test_float16_breaks_down(claim):
    claim.found("finite_steps", steps_in_half(scaled=False)[0], better="higher")


@pytest.mark.claim(
    HALF,
    "the reason is that gradients overflow, not the forward pass",
    expect="broken_forward <= 0",
    role="attribution",
)
def test_what_overflows_first(claim):
    claim.found("broken_forward", float(steps_in_half(scaled=False)[1] == "forward"))


def scores(seed, *, scaled, tokens=256):
    """Return the scores that tokens may see in each of six layers, `Float[layers, pairs]`."""
    model = models.bdh(seed, **models.OVERFLOWING)
    block, found = dict(model.block.items()), []
    earlier = torch.ones(tokens, tokens, dtype=torch.bool).tril(-1)
    with torch.no_grad():
        x = model.embedding[random_tokens(models.VOCABULARY, 1, tokens, seed=seed)]
        x = torch.nn.functional.layer_norm(x, x.shape[-1:])
        tables = reference.rotation_tables(tokens, model.config.neurons, like=x)
        for _ in range(model.config.layers):
            turned = reference.rotated(torch.relu(x.unsqueeze(-3) @ block["encoder"]), tables)
            found.append((turned @ turned.transpose(-2, -1))[0, 0][earlier])
            x = reference.bdh_block(block, x, tables, scaled=False)
    return torch.stack(found) * (model.config.neurons**-0.5 if scaled else 1.0)


@pytest.mark.claim(
    SCORES,
    "with N = 8192 they reach 400 to 450",
    expect=("largest >= 400", "largest <= 450"),
    published="400-450",
)
def test_raw_scores(claim):
    claim.found("largest", [scores(seed, scaled=False).max().item() for seed in range(5)])


@pytest.mark.claim(
    SCALED,
    "their mean comes down from about 87 to 0.96",
    expect=("mean >= 0.9", "mean <= 1.05"),
    published="87-160 to 0.96",
)
def test_scaled_scores(claim):
    claim.found("mean", [scores(seed, scaled=True).mean().item() for seed in range(5)])


@pytest.mark.claim(
    SCALED,
    "they then have unit variance",
    expect=("variance >= 0.9", "variance <= 1.1"),
    role="attribution",
    published="unit variance",
)
def test_unit_variance(claim):
    claim.found("variance", [scores(seed, scaled=True).var().item() for seed in range(5)])


@pytest.mark.claim(
    SCALED, "float16 then trains: ten steps without a NaN", expect="finite_steps >= 10", published="10 of 10"
)
def test_scaled_float16_trains(claim):
    claim.found("finite_steps", steps_in_half(scaled=True, context=128)[0], better="higher")


def half_step(dtype):
    """Return a function that runs the scaled BDH forward and backward in a dtype."""
    model = models.bdh(**models.SMALL, layers=6, scaled=True).to(dtype)
    tokens = random_tokens(models.VOCABULARY, 4, 65)

    def run():
        loss = training.next_token_losses(model, tokens).mean()
        return torch.autograd.grad(loss, list(model.parameters()))

    return run


@pytest.mark.claim(
    SCALED, "float16 makes a step 12 % shorter", expect="time <= 0.88x base", published="3515 to 3095 ms"
)
@pytest.mark.bolt(baseline="float32")
def test_float16_is_faster(bolt):
    bolt.versus(half_step(torch.float16), half_step(torch.float32))


def losses(seed, *, scaled):
    """Return the training loss of the tenth step."""
    model = models.bdh(seed, **models.SMALL, layers=4, scaled=scaled)
    step = step_of(model, random_tokens(models.VOCABULARY, 4, 65, seed=seed))
    return [step() for _ in range(STEPS)][-1]


@pytest.mark.claim(
    SCALED,
    "they improve convergence",
    expect="loss_difference <= -0.001",
    role="attribution",
    published="improved",
)
def test_convergence(claim):
    """Layer norm follows at once and takes any constant factor out again."""
    claim.found(
        "loss_difference", [losses(seed, scaled=True) - losses(seed, scaled=False) for seed in range(5)]
    )


@pytest.mark.claim(COMPILED, "it makes BDH slower", expect="time_ratio >= 1.1", published="0.72x on Metal")
@pytest.mark.filterwarnings("ignore")  # of the compiler's own code
def test_compiled(claim):
    run = forward()
    compiled = torch.compile(run)
    claim.found("time_ratio", time_ratios(compiled, run))


@pytest.mark.claim(
    COUNTS,
    "BDH has 25.3 million parameters",
    expect=("parameters >= 25296896", "parameters <= 25296896"),
    published="25.3M",
)
def test_parameters_of_bdh(claim):
    model = reference.BDH(reference.BDHConfig(), device="meta")
    claim.found("parameters", sum(each.numel() for each in model.parameters()))


@pytest.mark.claim(
    COUNTS,
    "BDH-HRM has 50.5 million",
    expect=("parameters >= 50463232", "parameters <= 50463232"),
    published="50.5M",
)
def test_parameters_of_the_hybrid(claim):
    model = reference.BDHHRM(reference.BDHConfig(), device="meta")
    claim.found("parameters", sum(each.numel() for each in model.parameters()))


def training_step(model):
    """Return a function that makes one training step at the size that fits two cores."""
    return step_of(model, random_tokens(models.VOCABULARY, 4, 65))


def hybrid():
    """Return a training step of BDH-HRM."""
    return training_step(models.bdh_hrm(**models.SMALL))


@pytest.mark.claim(
    HYBRID, "a step is at least a tenth faster than BDH's", expect="speedup >= 1.1x", published="1.95x"
)
@pytest.mark.bolt(baseline="BDH, activations kept")
def test_faster_than_bdh(bolt):
    bolt.versus(hybrid(), training_step(models.bdh(**models.SMALL, layers=6)))


@pytest.mark.claim(
    HYBRID,
    "the journal's baseline was BDH with checkpointing",
    expect="speedup >= 1.5x",
    role="attribution",
    published="1.95x",
)
@pytest.mark.bolt(baseline="BDH, activations computed again")
def test_faster_than_checkpointed_bdh(bolt):
    bolt.versus(hybrid(), training_step(models.bdh(**models.SMALL, layers=6, checkpointing=True)))


@pytest.mark.claim(
    QUALITY,
    "after 50 steps it is 0.12 worse than BDH's",
    expect="loss_difference >= 0.02",
    published="3.89 and 3.77",
)
def test_validation_loss(claim):
    """Five seeds, 50 steps on plays, the same text and places for both."""
    *parts, source, vocabulary = plays(200_000)
    claim.used(text=source, split="90 % to train on, the rest to validate on", seeds="0 to 4")
    plan = {"steps": 50, "batch": 4, "context": 64, "windows": 20}
    size = {**models.SMALL, "vocabulary": vocabulary}
    differences = []
    for seed in range(5):
        both = models.bdh_hrm(seed, **size), models.bdh(seed, **size, layers=6)
        first, second = (trained(model, parts, seed, rate=lambda _: 1e-3, **plan) for model in both)
        differences.append(first - second)
    claim.found("loss_difference", differences)


def calls_and_gradients():
    """Return how often a block runs in h=3, l=2, and how many initial states get a gradient."""
    calls = []
    weight = torch.ones(4, requires_grad=True)
    low, high = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)

    def step(state, injection):
        calls.append(1)
        return torch.tanh(state * weight + injection)

    _, result = reference.hrm_loop(step, step, low, high, torch.ones(4), h_cycles=3, l_cycles=2)
    found = torch.autograd.grad(result.sum(), [low, high], allow_unused=True)
    return len(calls), sum(each is not None for each in found)


@pytest.mark.claim(
    LOOP,
    "h=3 and l=2 run six blocks",
    expect=("block_calls >= 6", "block_calls <= 6"),
    published="6 iterations",
)
def test_block_calls(claim):
    claim.found("block_calls", calls_and_gradients()[0])


@pytest.mark.claim(LOOP, "both learned initial states are trained", expect="trained_states >= 2")
def test_initial_states(claim):
    claim.found("trained_states", calls_and_gradients()[1], better="higher")
