"""What a test gets as `bolt`, and as `benchmark` under a bolt option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.items import marker_value

if TYPE_CHECKING:
    from pytest_bolt.core.tolerance import Agreement
    from pytest_bolt.measuring.lockstep import Lockstep
    from pytest_bolt.round_stats import RoundStats


class Speedup(NamedTuple):
    """How many times faster a candidate is than a baseline, with a 98 % interval.

    Nothing was timed where `measured` is False (no bolt option was given); the ratio then is NaN.
    """

    ratio: float
    low: float
    high: float
    measured: bool


class Call(NamedTuple):
    """A function with what it is called with; `movable` arguments may be measured elsewhere in memory."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    setup: Callable[[], Any] | None = None
    teardown: Callable[..., Any] | None = None
    movable: bool = False

    def once(self) -> Any:
        """Call once and return the result, like pytest-benchmark when it is disabled."""
        made = self.setup() if self.setup else None
        args, kwargs = made or (self.args, self.kwargs)
        return self.function(*args, **kwargs)


class Benchmark:
    """What a test gets as `benchmark` under a bolt option, and the base of `bolt`.

    One test measures one function. Outside a worker process the function is called once, untimed.
    Attributes are those of pytest-benchmark's fixture. After the measurement `stats` describes the rounds of
    this process; where nothing is measured it stays None and `enabled` is False.
    """

    def __init__(self, item: pytest.Item, lockstep: Lockstep | None) -> None:
        callspec = getattr(item, "callspec", None)
        marker = item.get_closest_marker("benchmark")
        self.name = item.name
        self.fullname = item.nodeid
        self.param: str | None = callspec.id if callspec else None
        self.params: dict[str, Any] | None = dict(callspec.params) if callspec else None
        self.group: str | None = marker.kwargs.get("group") if marker else None
        self.extra_info: dict[str, Any] = {}
        self.stats: RoundStats | None = None
        self.enabled = lockstep is not None
        self.disabled = not self.enabled
        self.has_error = False
        self.skipped = False
        self.cprofile = False
        self.cprofile_stats = None
        self._item = item
        self._lockstep = lockstep
        self._used = ""
        self._rollbacks: list[Callable[[], None]] = []

    def __call__(self, function_to_benchmark: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Measure `function_to_benchmark(*args, **kwargs)` and return its result."""
        return self._measure("benchmark(...)", Call(function_to_benchmark, args, kwargs))

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Measure `target`, with fresh arguments from `setup` for each call where it is given.

        `rounds`, `warmup_rounds` and `iterations` are accepted and checked; how often is measured is
        decided by what the comparison needs. Raises ValueError for impossible counts.
        """
        counts = (("iterations", iterations, 1), ("rounds", rounds, 1), ("warmup_rounds", warmup_rounds, 0))
        for name, value, least in counts:
            if value < least:
                msg = f"`{name}` must be a whole number from {least} on, not {value!r}"
                raise ValueError(msg)
        if setup and iterations > 1:
            msg = "`setup` makes the arguments of one call: it cannot go with `iterations` above 1"
            raise ValueError(msg)
        call = Call(target, tuple(args), dict(kwargs or {}), setup, teardown)
        return self._measure("benchmark.pedantic(...)", call)

    def weave(self, target: Any, **kwargs: Any) -> None:
        """Measure every call of `target` made by the test, through aspectlib. Raises ImportError."""
        import aspectlib  # type: ignore[import-not-found]  # the user's own

        def aspect(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args, **inner: self(function, *args, **inner)

        self._rollbacks.append(aspectlib.weave(target, aspect, **kwargs).rollback)

    patch = weave

    def undo(self) -> None:
        """Take back what `weave` replaced."""
        while self._rollbacks:
            self._rollbacks.pop()()

    def _measure(self, how: str, call: Call, **work: Any) -> Any:
        if self._used:
            self.has_error = True
            self._refuse_second_use()
        self._used = how
        try:
            return call.once() if self._lockstep is None else self._in_lockstep(self._lockstep, call, work)
        except Exception:
            self.has_error = True
            raise

    def _in_lockstep(self, lockstep: Lockstep, call: Call, work: Mapping[str, Any]) -> Any:
        from pytest_bolt.measuring.timing import Target
        from pytest_bolt.round_stats import RoundStats

        device = str(getattr(self._item, "funcargs", {}).get("device", ""))
        # The dictionary itself: what the test adds to it after the call counts too.
        told = {"group": self.group or "", "extra_info": self.extra_info, **work}
        result = lockstep.measure(Target(**call._asdict()), told, device)
        if lockstep.timings:
            self.stats = RoundStats(lockstep.timings)
        return result

    def _refuse_second_use(self) -> NoReturn:
        raise BoltError(
            "one test measures one function, and this one has measured already",
            seen={"test": self.fullname, "before": self._used},
            advice="split the test, or parametrise it",
        )


class Bolt(Benchmark):
    """Check first, then measure."""

    def check(
        self,
        output: Any,
        *,
        oracle: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        twin: Callable[..., Any] | None = None,
        tier: str = "strict",
    ) -> Agreement:
        """Fail the test unless `output` agrees with the oracle; see `pytest_bolt.correctness.gate.check`.

        Arguments:
            output: a tensor, or a tuple of them.
            oracle: called in float64 with the same arguments.
            args, kwargs: what `output` was computed from.
            twin: the framework's own operation in the same dtype; the oracle where it is not given.
            tier: strict, relaxed, gradient or interpreter.

        In a process pair that only measures, the check has been made before: it returns an agreement without
        figures.
        """
        if self._lockstep is not None and not self._lockstep.check:
            from pytest_bolt.core.tolerance import Agreement

            return Agreement(subject="checked before")
        from pytest_bolt.correctness.gate import check

        return check(output, oracle=oracle, args=args, kwargs=kwargs, twin=twin, tier=tier)

    def measure(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        bytes: float | None = None,
        flops: float | None = None,
    ) -> Any:
        """Measure `function(*args, **kwargs)` and return its result.

        Dense CPU tensors among `args` are copied to fresh places between rounds, so that where they lie in
        memory averages out.

        Arguments:
            bytes: memory traffic of one call, in bytes.
            flops: floating-point operations of one call.
        """
        work = {"bytes": bytes, "flops": flops, **_described(args)}
        return self._measure(
            "bolt.measure(...)", Call(function, tuple(args), dict(kwargs or {}), movable=True), **work
        )

    def versus(
        self,
        candidate: Callable[..., Any],
        baseline: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        bytes: float | None = None,
        flops: float | None = None,
    ) -> Any:
        """Measure `candidate` in one process against `baseline` in another, in interleaved pairs.

        So it is under `--bolt-baseline`, on a test whose marker names its `baseline`; in every other run the
        candidate is measured like by `measure`, whose arguments are the same. Returns the candidate's result,
        the baseline's where that was measured.

        Raises BoltError where the marker names no baseline.
        """
        if not marker_value(self._item, "baseline"):
            raise BoltError(
                "bolt.versus needs a baseline with a name",
                seen={"test": self.fullname},
                advice='mark the test: @pytest.mark.bolt(baseline="a loop over heads")',
            )
        stands_in = self._lockstep is not None and self._lockstep.baseline
        return self.measure(
            baseline if stands_in else candidate, args=args, kwargs=kwargs, bytes=bytes, flops=flops
        )

    def speedup(
        self,
        candidate: Callable[..., Any],
        baseline: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        at_least: float | None = None,
    ) -> Speedup:
        """Time two functions in turn in one process and record how many times faster the candidate is.

        `at_least` fails the test (AssertionError) when the whole interval lies below it.
        """
        calls = [(function, tuple(args), dict(kwargs or {})) for function in (candidate, baseline)]
        if self._lockstep is None or not self._lockstep.check:
            for function, positional, named in calls:
                function(*positional, **named)
            return Speedup(ratio=float("nan"), low=float("nan"), high=float("nan"), measured=False)
        from pytest_bolt.measuring.speedup import measure_speedup

        ratio, low, high = measure_speedup(self._lockstep, *calls)
        self.record("speedup", ratio, "x", better="higher")
        if at_least is not None and high < at_least:
            msg = f"speedup {ratio:.2f}x [{low:.2f}, {high:.2f}] is below {at_least:g}x"
            raise AssertionError(msg)
        return Speedup(ratio=ratio, low=low, high=high, measured=True)

    def record(self, name: str, value: float, unit: str = "", *, better: str = "lower") -> None:
        """Store a number of this test's own beside its time: a loss, an error, tokens a second.

        Raises BoltError when `better` is neither "lower" nor "higher", `value` is no number, or `name` is
        none.
        """
        if not str(name).strip() or type(name) is not str:
            raise BoltError(f"a metric has a name in words, not {name!r}", advice='bolt.record("loss", 2.5)')
        if better not in {"lower", "higher"}:
            raise BoltError(f"better is 'lower' or 'higher', not {better!r}", seen={"metric": name})
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise BoltError(f"{value!r} is not a number", seen={"metric": name}) from None
        if self._lockstep is not None:
            self._lockstep.metrics.append({"name": name, "value": number, "unit": unit, "better": better})


def _described(args: Sequence[Any]) -> dict[str, Any]:
    """Return shapes and dtype of the tensors among the arguments."""
    tensors = [arg for arg in args if hasattr(arg, "shape") and hasattr(arg, "dtype")]
    shapes = [[int(size) for size in tensor.shape] for tensor in tensors]
    return {"shapes": shapes, "dtype": str(tensors[0].dtype).removeprefix("torch.") if tensors else ""}
