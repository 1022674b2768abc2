"""Wrong and honest implementations of a suite's operations, each an adapter of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_bolt.adapters import Adapter

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """Functions that stand in for those of the reference; the suite has to reject them, or must not."""

    suite: str
    name: str
    functions: dict[str, Function]
    honest: bool

    def adapter(self, base: ModuleType) -> Adapter:
        """Return an adapter of the reference's functions with these in their place."""
        module = ModuleType(self.name)
        vars(module).update(
            {name: vars(base)[name] for name in vars(base) if name.startswith(("run_", "get_"))}
        )
        vars(module).update(self.functions)
        # Every adapter needs a path of its own: adapters are told apart by it.
        return Adapter(self.name, Path(f"{self.suite}/{self.name}.py"), module)


@dataclass(frozen=True, slots=True)
class Variants:
    """The wrong and the honest variants of one suite, collected by decorators.

    A variant replaces one function, whose name the decorator takes, or several, given to `wrong_set` and
    `honest_set` by name. Its name is that of the function that is decorated.
    """

    suite: str
    all: list[Variant] = field(default_factory=list)

    def wrong(self, *operations: str) -> Callable[[Function], Function]:
        """Register an implementation of `operations` that the suite has to reject."""
        return self._registering(operations, honest=False)

    def honest(self, *operations: str) -> Callable[[Function], Function]:
        """Register an implementation of `operations` that the suite must not reject."""
        return self._registering(operations, honest=True)

    def wrong_set(self, name: str, **functions: Function) -> None:
        """Register several functions that are wrong together."""
        self._add(Variant(self.suite, name, functions, honest=False))

    def honest_set(self, name: str, **functions: Function) -> None:
        """Register several functions that are right together."""
        self._add(Variant(self.suite, name, functions, honest=True))

    def _registering(self, operations: tuple[str, ...], *, honest: bool) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            functions = dict.fromkeys(operations, function)
            self._add(Variant(self.suite, function.__name__, functions, honest=honest))
            return function

        return register

    def _add(self, variant: Variant) -> None:
        if any(each.name == variant.name for each in self.all):
            msg = f"two variants of {self.suite} are called {variant.name}"
            raise ValueError(msg)
        self.all.append(variant)
