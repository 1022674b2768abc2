"""Gradients of an implementation against those of its float64 reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from pytest_bolt.core.tolerance import Agreement, Tier
from pytest_bolt.correctness.call_text import call_text, value_text
from pytest_bolt.correctness.conditioning import Nudge, at_least_single, nudges
from pytest_bolt.correctness.conduct import unmutated
from pytest_bolt.correctness.gate import Incorrect, Operation, compare
from pytest_bolt.correctness.nested import each_tensor, map_tensors, own_copy
from pytest_bolt.correctness.structure import outputs_of


def verify_gradients(  # noqa: PLR0913 - a keyword each for what differs from one operation to another
    fn: Callable[..., Any],
    args: Sequence[Any],
    *,
    oracle: Operation,
    oracle_args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    twin: Operation | None = None,
    tier: Tier | str = Tier.GRADIENT,
    seed: int = 0,
    by_row: bool = True,
) -> Agreement:
    """Run `fn` forward and backward, and hold its gradients to those of the oracle in float64.

    Every floating-point tensor among the oracle's arguments is differentiated, for one upstream gradient
    N(0, 1) an output, the same for all three. An implementation may copy an argument into a parameter of
    its own, as a module does that loads its weights: then the parameter's gradient counts.

    Arguments:
        fn: the implementation; called once with `args`.
        args: its arguments, whose floating-point tensors are those of `oracle_args`.
        oracle: the specification, see `gate.check`; differentiable. `kwargs` are its own.
        oracle_args: the oracle's arguments, where its order differs from the implementation's.
        kwargs: keyword arguments of the oracle and its twin.
        twin: the framework's own operation; takes the oracle's arguments.
        tier: `gradient` by default.
        seed: of the upstream gradients.
        by_row: whether each row of a gradient is judged by its own size; otherwise all of it counts as one
            row. A row of a weight's gradient may belong to one neuron, and where that is barely active, its
            gradient is the difference of larger numbers: no implementation knows it well.

    Raises:
        Incorrect: a gradient is missing or breaks a rule.
        Misbehaved: `fn` changed its input.
    """
    __tracebackhide__ = True
    given = tuple(args if oracle_args is None else oracle_args)
    named = dict(kwargs or {})
    sources = list(
        {id(each): each for each in each_tensor((given, named)) if each.is_floating_point()}.values()
    )
    wanted = _gradients(oracle, given, named, sources, lambda _: torch.float64, seed)
    framework = _gradients(twin or oracle, given, named, sources, None, seed)
    got = _gradients(lambda *inner: unmutated(fn, inner), tuple(args), {}, sources, None, seed)
    missing = [place for place, (own, right) in enumerate(zip(got, wanted, strict=True)) if _lost(own, right)]
    if missing:
        shapes = ", ".join(f"{list(sources[place].shape)}" for place in missing)
        raise Incorrect(
            Agreement(subject="gradients", tier=Tier(tier), mismatch=f"no gradient reaches input {shapes}")
        )

    def whole(gradients: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
        pairs = zip(gradients, sources, strict=True)
        return [torch.zeros_like(source) if one is None else one for one, source in pairs]

    further = _further(oracle, twin, given, named, sources, seed)
    agreement = compare(
        whole(got),
        reference64=[one.double() for one in whole(wanted)],
        framework=whole(framework),
        tier=tier,
        by_row=by_row,
        further=map(whole, further),
    )
    if not agreement.ok:
        wrong = Incorrect(agreement)
        wrong.add_note(f"gradients of {call_text(fn, args)} for {', '.join(map(value_text, sources))}")
        raise wrong
    return agreement


def _further(
    oracle: Operation,
    twin: Operation | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    sources: Sequence[torch.Tensor],
    seed: int,
) -> Iterator[list[torch.Tensor | None]]:
    """Yield further honest gradients, beside those of the framework's own operation.

    A backward pass chains sums that one kernel may order luckily. The formula as plain operations says what
    another order may be off by, inputs beside these what the conditioning allows.
    """
    if twin is not None:
        yield _gradients(oracle, args, kwargs, sources, None, seed)
    for nudge in nudges((args, kwargs)):

        def beside(*inner: Any, nudge: Nudge = nudge, **named: Any) -> Any:
            given, changed = nudge((inner, named))
            return (twin or oracle)(*given, **changed)

        yield _gradients(beside, args, kwargs, sources, at_least_single, seed)


def backward(fn: Callable[..., Any]) -> Callable[..., torch.Tensor | None]:
    """Return a function of the arguments of `fn` and an upstream gradient: one step forward and back.

    It differentiates every floating-point argument and returns the gradient that reaches the first one.
    It is what a speed suite measures and checks; `verify_gradients` holds all gradients to the reference.
    """

    def step(*args: Any) -> torch.Tensor | None:
        *inputs, upstream = args
        leaves = [
            each.detach().requires_grad_()
            if isinstance(each, torch.Tensor) and each.is_floating_point()
            else each
            for each in inputs
        ]
        with torch.enable_grad():
            output = fn(*leaves)
        torch.autograd.backward(output, upstream)
        gradient: torch.Tensor | None = leaves[0].grad
        return gradient

    return step


def _lost(own: torch.Tensor | None, right: torch.Tensor | None) -> bool:
    return own is None and right is not None and bool(right.any())


def _gradients(
    fn: Operation,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    sources: Sequence[torch.Tensor],
    dtype_of: Callable[[torch.dtype], torch.dtype] | None,
    seed: int,
) -> list[torch.Tensor | None]:
    """Return the gradient that reaches each source, None where none does, through copies in another dtype."""
    leaves = {id(source): _leaf(source, dtype_of) for source in sources}

    def place(tensor: torch.Tensor) -> torch.Tensor:
        return leaves[id(tensor)] if id(tensor) in leaves else own_copy(tensor)

    with torch.enable_grad():
        outputs = outputs_of(fn(*map_tensors(args, place), **map_tensors(dict(kwargs), place)))
    attached = [(number, out) for number, out in enumerate(outputs) if _is_attached(out)]
    if not attached:
        return [None] * len(sources)
    upstream = [_upstream(out, seed + number) for number, out in attached]
    reached = _reached([out for _, out in attached], list(leaves.values()))
    found: tuple[torch.Tensor | None, ...] = torch.autograd.grad(
        [out for _, out in attached], reached, upstream, allow_unused=True
    )
    return [
        None if one is None else one.to(leaf.dtype) for one, leaf in zip(found, leaves.values(), strict=True)
    ]


def _reached(outputs: Sequence[torch.Tensor], leaves: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return for each leaf itself, or the parameter of equal values that stands for it in the graph."""
    variables = list(_variables(outputs))
    own = {id(variable) for variable in variables}
    spare = [variable for variable in variables if all(variable is not leaf for leaf in leaves)]
    chosen = []
    for leaf in leaves:
        place = next((n for n, each in enumerate(spare) if _is_copy(each, leaf)), None)
        chosen.append(leaf if id(leaf) in own or place is None else spare.pop(place))
    return chosen


def _variables(outputs: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
    """Yield every tensor at which the graph of `outputs` ends."""
    waiting: list[Any] = [output.grad_fn for output in outputs if output.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if hasattr(node, "variable"):
            yield node.variable
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)


def _is_copy(variable: torch.Tensor, leaf: torch.Tensor) -> bool:
    same = variable.shape == leaf.shape and variable.device == leaf.device
    return same and torch.equal(variable.detach().to(leaf.dtype), leaf.detach())


def _leaf(source: torch.Tensor, dtype_of: Callable[[torch.dtype], torch.dtype] | None) -> torch.Tensor:
    """Return a copy that gradients reach, with the strides of `source` where its dtype stays."""
    copy = own_copy(source)
    return (copy if dtype_of is None else copy.to(dtype_of(copy.dtype))).requires_grad_()


def _is_attached(output: Any) -> bool:
    return isinstance(output, torch.Tensor) and output.requires_grad


def _upstream(output: torch.Tensor, seed: int) -> torch.Tensor:
    drawn = torch.randn(output.shape, generator=torch.Generator().manual_seed(1_000_003 + seed))
    # Rounded to bfloat16, so that every dtype sees the same numbers.
    return drawn.bfloat16().to(dtype=output.dtype, device=output.device)
