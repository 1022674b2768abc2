"""The correctness gate: an output against a float64 reference, measured by the framework's own error."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import torch

from pytest_bolt.core.tolerance import Agreement, Tier
from pytest_bolt.correctness.conditioning import nudges
from pytest_bolt.correctness.expectation import Expectation
from pytest_bolt.correctness.nested import as_float64, each_tensor, map_tensors, own_copy
from pytest_bolt.correctness.scrub import scrub
from pytest_bolt.correctness.structure import outputs_of
from pytest_bolt.errors import BoltError

Operation: TypeAlias = Callable[..., Any]
Outputs: TypeAlias = tuple[torch.Tensor, ...]


class Incorrect(AssertionError):
    """An output was rejected; `agreement` says by which rule and how far."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        super().__init__(agreement.explain())


class Judge:
    """The gate for one reference: its tolerance is worked out once, for any number of outputs.

    Before the first output is rejected, the tolerance also takes in what rounding the exact answer may lose,
    and `further`, honest outputs beside the framework's, are asked for: of each error, the largest counts.
    """

    def __init__(
        self,
        *,
        reference64: Any,
        framework: Any,
        tier: Tier | str = Tier.STRICT,
        by_row: bool = True,
        further: Iterable[Any] = (),
    ) -> None:
        wanted, models = outputs_of(reference64), outputs_of(framework)
        shapes = [_shape(each) for each in wanted], [_shape(each) for each in models]
        if shapes[0] != shapes[1] or None in shapes[0]:
            raise BoltError(
                "the oracle and the framework's own operation do not return the same shapes",
                seen={"oracle": shapes[0], "twin": shapes[1]},
                advice="give check() a twin that takes the same arguments as the oracle",
            )
        self.tier = tier_named(tier)
        names = [f"output {number}" for number in range(len(models))] if len(models) > 1 else ["output"]
        self._further, self._widened = further, False
        outputs = zip(names, wanted, models, strict=True)
        self._expected = [Expectation(*each, self.tier, by_row=by_row) for each in outputs]

    def judge(self, output: Any) -> Agreement:
        """Return how an output agrees; of several outputs, the one that agrees least."""
        got = outputs_of(output)
        if len(got) != len(self._expected):
            mismatch = f"{len(got)} of them, expected {len(self._expected)}"
            return Agreement(subject="outputs", tier=self.tier, mismatch=mismatch)
        found = self._least(got)
        if found.ok or found.mismatch or not self._widen():
            return found
        return self._least(got)

    def _least(self, got: Outputs) -> Agreement:
        agreements = [one.judge(each) for one, each in zip(self._expected, got, strict=True)]
        return max(agreements, key=lambda agreement: agreement.share, default=Agreement(subject="outputs"))

    def _widen(self) -> bool:
        """Let rounding and the further honest outputs set the tolerance too; return whether this was new."""
        first, self._widened = not self._widened, True
        if first:
            for one in self._expected:
                one.allow_rounding()
            with contextlib.suppress(Exception):  # an operation may refuse inputs that nobody gave it
                for outputs in self._further:
                    for one, each in zip(self._expected, outputs_of(outputs), strict=True):
                        one.allow(each)
        return first


def check(
    output: Any,
    *,
    oracle: Operation,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    twin: Operation | None = None,
    tier: Tier | str = Tier.STRICT,
    by_row: bool = True,
) -> Agreement:
    """Accept or reject an output that was computed from `args`.

    Arguments:
        output: a tensor, or a tuple or list of tensors.
        oracle: the specification; called with float64 copies of the floating-point tensors.
        args: what the output was computed from; any shapes and dtypes.
        kwargs: keyword arguments, likewise.
        twin: the framework's own operation, called in the dtype of `args`; the oracle by default.
        tier: `strict`, `relaxed`, `gradient` or `interpreter`.
        by_row: whether each row is judged by its own size; otherwise all of an output counts as one row, for
            outputs some rows of which are what large numbers leave over.

    Raises:
        Incorrect: a rule is broken; the message says which, and where.
        BoltError: the oracle and its twin do not fit each other, or the tier is unknown.
    """
    __tracebackhide__ = True
    chosen = tier_named(tier)
    named = dict(kwargs or {})
    reference64, framework = expected(oracle=oracle, args=args, kwargs=named, twin=twin)
    agreement = compare(
        output,
        reference64=reference64,
        framework=framework,
        tier=chosen,
        by_row=by_row,
        further=beside(twin or oracle, args, named),
    )
    scrub(framework)
    if not agreement.ok:
        raise Incorrect(agreement)
    return agreement


def compare(
    output: Any,
    *,
    reference64: Any,
    framework: Any,
    tier: Tier | str = Tier.STRICT,
    by_row: bool = True,
    further: Iterable[Any] = (),
) -> Agreement:
    """Return how an output agrees with a reference; of several outputs, the one that agrees least.

    Arguments:
        output: a tensor, or a tuple or list of tensors.
        reference64: the same structure in float64.
        framework: the same structure as the framework computes it; shape, dtype and device expected.
        tier: `strict`, `relaxed`, `gradient` or `interpreter`.
        by_row: as in `check`.
        further: more honest outputs, asked for before this one is rejected: of each error, the largest sets
            the tolerance.

    Raises:
        BoltError: reference and framework do not fit each other, or the tier is unknown.
    """
    judge = Judge(reference64=reference64, framework=framework, tier=tier, by_row=by_row, further=further)
    return judge.judge(output)


def expected(
    *,
    oracle: Operation,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    twin: Operation | None = None,
) -> tuple[Outputs, Outputs]:
    """Return the outputs of the oracle in float64 and of the framework in the dtype of `args`.

    Both are called on copies, without a graph, and outside any autocast.
    """
    named = dict(kwargs or {})
    with torch.no_grad(), _without_autocast((args, named)):
        reference64 = oracle(*map_tensors(tuple(args), as_float64), **map_tensors(named, as_float64))
        own = twin or oracle
        framework = own(*map_tensors(tuple(args), own_copy), **map_tensors(named, own_copy))
    return outputs_of(reference64), outputs_of(framework)


def beside(own: Operation, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Outputs]:
    """Yield what the framework gives for inputs beside `args`: how well the answer can be known."""
    for nudge in nudges((tuple(args), kwargs)):
        given, named = nudge((tuple(args), kwargs))
        with torch.no_grad(), _without_autocast((args, kwargs)):
            yield outputs_of(own(*given, **named))


def tier_named(tier: Tier | str) -> Tier:
    """Return the tier of that name.

    Raises:
        BoltError: there is none.
    """
    try:
        return Tier(tier)
    except ValueError:
        names = [str(each) for each in Tier]
        near = difflib.get_close_matches(str(tier), names, n=1)
        advice = f"did you mean {near[0]}?" if near else None
        raise BoltError(
            "unknown correctness tier", seen={"seen": tier, "known": ", ".join(names)}, advice=advice
        ) from None


@contextlib.contextmanager
def _without_autocast(arguments: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for kind in {"cpu", *(tensor.device.type for tensor in each_tensor(arguments))}:
            if torch.amp.is_autocast_available(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        yield


def _shape(value: Any) -> list[int] | None:
    return list(value.shape) if type(value) is torch.Tensor else None
