"""The hierarchical loop and BDH-HRM, wrong and right."""

from __future__ import annotations

import functools

import torch

from benchmarks.mutants.bdh.parts import Parts, normalised
from benchmarks.mutants.registry import Variants

VARIANTS = Variants("hrm")


def checked(h_cycles, l_cycles):
    if min(h_cycles, l_cycles) < 1:
        msg = "counts are at least 1"
        raise ValueError(msg)


def loop(
    low,
    high,
    z_low,
    z_high,
    x,
    h_cycles,
    l_cycles,
    *,
    graph_from=None,
    inject=torch.add,
    low_first=True,
    extra=0,
    fewer=0,
    reset=False,
    swapped=False,
    high_sees_x=False,
):
    """Return both states; every keyword makes one mistake."""
    checked(h_cycles, l_cycles)
    calls = [name for _ in range(h_cycles) for name in ["low"] * (l_cycles + extra - fewer) + ["high"]]
    if not low_first:
        calls = [name for _ in range(h_cycles) for name in ["high"] + ["low"] * l_cycles]
    begin = len(calls) - 2 if graph_from is None else graph_from(len(calls), l_cycles)
    start = z_low
    for place, name in enumerate(calls):
        with torch.set_grad_enabled(torch.is_grad_enabled() and place >= begin):
            if name == "low":
                z_low = low(z_low, inject(z_high, x))
            else:
                z_high = high(z_high, z_low + x if high_sees_x else z_low)
                z_low = start if reset else z_low
    return (z_high, z_low) if swapped else (z_low, z_high)


def detached_at_the_end(*given):
    z_low, z_high = loop(*given)
    return z_low.detach(), z_high


def nothing_in_the_graph(*given):
    with torch.no_grad():
        return loop(*given)


def gradient_mode_left_off(*given):
    states = loop(*given)
    torch.set_grad_enabled(False)
    return states


def gradient_mode_forced_on(low, high, z_low, z_high, x, h_cycles, l_cycles):
    states = loop(low, high, z_low, z_high, x, h_cycles, l_cycles)
    torch.set_grad_enabled(True)
    return states


def graph_in_spite_of_no_grad(low, high, z_low, z_high, x, h_cycles, l_cycles):
    checked(h_cycles, l_cycles)
    mode = torch.is_grad_enabled()
    calls = [name for _ in range(h_cycles) for name in ["low"] * l_cycles + ["high"]]
    for place, name in enumerate(calls):
        torch.set_grad_enabled(place >= len(calls) - 2)
        if name == "low":
            z_low = low(z_low, z_high + x)
        else:
            z_high = high(z_high, z_low)
    torch.set_grad_enabled(mode)
    return z_low, z_high


def counts_not_checked(low, high, z_low, z_high, x, h_cycles, l_cycles):
    return loop(low, high, z_low, z_high, x, max(1, h_cycles), max(1, l_cycles))


def first_states_detached(low, high, z_low, z_high, x, h_cycles, l_cycles):
    return loop(low, high, z_low.detach(), z_high.detach(), x, h_cycles, l_cycles)


def input_detached(low, high, z_low, z_high, x, h_cycles, l_cycles):
    return loop(low, high, z_low, z_high, x.detach(), h_cycles, l_cycles)


def counts_exchanged(low, high, z_low, z_high, x, h_cycles, l_cycles):
    return loop(low, high, z_low, z_high, x, l_cycles, h_cycles)


def high_state_in_half(low, high, z_low, z_high, x, h_cycles, l_cycles):
    return loop(low, lambda z, y: high(z, y.half().to(y.dtype)), z_low, z_high, x, h_cycles, l_cycles)


def wrong_loop(name, **mistake):
    """Register a loop with one mistake."""
    VARIANTS.wrong_set(name, run_hrm_loop=functools.partial(loop, **mistake))


def model_with(own_loop, parts=None):
    """Return BDH-HRM around a loop."""
    return functools.partial((parts or Parts()).hrm, loop=own_loop)


LOOPS = {
    "everything_in_the_graph": {"graph_from": lambda count, l_cycles: 0},
    "last_cycle_in_the_graph": {"graph_from": lambda count, l_cycles: count - l_cycles - 1},
    "only_the_high_step_in_the_graph": {"graph_from": lambda count, l_cycles: count - 1},
    "one_low_step_more": {"extra": 1},
    "one_low_step_fewer": {"fewer": 1},
    "high_before_low": {"low_first": False},
    "no_injection": {"inject": lambda z, x: z},
    "input_alone_injected": {"inject": lambda z, x: x},
    "high_state_subtracted": {"inject": lambda z, x: x - z},
    "high_is_given_the_input": {"high_sees_x": True},
    "low_starts_anew_in_each_cycle": {"reset": True},
}
for mistake, change in LOOPS.items():
    wrong_loop(mistake, **change)
    VARIANTS.wrong_set(f"{mistake}_in_bdh", run_bdh_hrm=model_with(functools.partial(loop, **change)))
wrong_loop("states_exchanged", swapped=True)
for function in (
    detached_at_the_end,
    nothing_in_the_graph,
    gradient_mode_left_off,
    gradient_mode_forced_on,
    graph_in_spite_of_no_grad,
    counts_not_checked,
    first_states_detached,
    input_detached,
    counts_exchanged,
    high_state_in_half,
):
    VARIANTS.wrong("run_hrm_loop")(function)


def bdh_with(change):
    """Return BDH-HRM whose weights are changed first."""
    return lambda weights, *rest: Parts().hrm(change(weights), *rest, loop=loop)


class OtherSteps(Parts):
    """BDH-HRM whose step differs."""

    inner = staticmethod(normalised)
    keeps = staticmethod(lambda z, injection: z)

    def hrm(self, weights, tokens, h_cycles, l_cycles, scaled, *, loop=loop):
        """Return logits."""
        x = self.of_embedding(weights["embedding"][tokens])

        def step_of(block):
            return lambda z, injection: self.of_sum(
                self.keeps(z, injection) + self.update(block, self.inner(z + injection), scaled)
            )

        low, high = (weights[name].expand_as(x) for name in ("initial_low", "initial_high"))
        _, z = loop(step_of(weights["low"]), step_of(weights["high"]), low, high, x, h_cycles, l_cycles)
        return z @ weights["head"]


class NotNormalised(OtherSteps):
    """The sum of state and injection goes in as it is."""

    inner = staticmethod(lambda x: x)


class KeepsTheInjection(OtherSteps):
    """What is added to is state and injection."""

    keeps = staticmethod(torch.add)


def read_from_low(weights, tokens, h_cycles, l_cycles, scaled):
    def exchanged(*given):
        return loop(*given)[::-1]

    return Parts().hrm(weights, tokens, h_cycles, l_cycles, scaled, loop=exchanged)


MODELS = {
    "blocks_exchanged": bdh_with(lambda w: {**w, "low": w["high"], "high": w["low"]}),
    "one_block_for_both": bdh_with(lambda w: {**w, "high": w["low"]}),
    "first_states_exchanged": bdh_with(
        lambda w: {**w, "initial_low": w["initial_high"], "initial_high": w["initial_low"]}
    ),
    "first_states_zero": bdh_with(
        lambda w: {**w, **{n: torch.zeros_like(w[n]) for n in ("initial_low", "initial_high")}}
    ),
    "embedding_not_normalised": model_with(loop, Parts(of_embedding=lambda x: x)),
    "sum_not_normalised": model_with(loop, Parts(of_sum=lambda x: x)),
    "update_not_normalised": model_with(loop, Parts(of_update=lambda x: x)),
    "never_scaled": model_with(loop, Parts(scale=lambda x, v: 1)),
    "self_seen": model_with(loop, Parts(mask=torch.tril)),
    "step_input_not_normalised": NotNormalised().hrm,
    "injection_kept": KeepsTheInjection().hrm,
    "read_from_low": read_from_low,
}
for mistake, function in MODELS.items():
    VARIANTS.wrong_set(f"bdh_{mistake}", run_bdh_hrm=function)

VARIANTS.honest_set("one_list_of_calls", run_hrm_loop=loop, run_bdh_hrm=model_with(loop))
VARIANTS.honest_set(
    "scores_masked", run_bdh_hrm=model_with(loop, Parts(mask=lambda s: s * s.new_ones(s.shape[-2:]).tril(-1)))
)


def in_double(weights, tokens, h_cycles, l_cycles, scaled):
    def wide(value):
        return {k: wide(v) for k, v in value.items()} if isinstance(value, dict) else value.double()

    return Parts().hrm(wide(weights), tokens, h_cycles, l_cycles, scaled, loop=loop).to(weights["head"].dtype)


def states_detached_instead(low, high, z_low, z_high, x, h_cycles, l_cycles):
    """Leave the graph by detaching before the last steps, as well as by not recording."""
    checked(h_cycles, l_cycles)
    total = h_cycles * l_cycles
    for count in range(1, total):
        with torch.no_grad():
            z_low = low(z_low, z_high + x)
            if count % l_cycles == 0:
                z_high = high(z_high, z_low).detach()
    z_low = low(z_low, torch.add(x, z_high))
    return z_low, high(z_high, z_low)


VARIANTS.honest_set("float64_inside", run_bdh_hrm=in_double)
VARIANTS.honest("run_hrm_loop")(states_detached_instead)
