"""Write `reference/operations.md` from the reference adapter: `python docs/render_operations.py`."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_bolt.adapters import Adapter, bundled

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "reference" / "operations.md"
HEAD = """# Suites and operations

Made by `docs/render_operations.py` from the adapter of the references.

A suite tests the functions below, which an adapter offers under these names and with these
arguments. Each is held to a reference in plain PyTorch; the shapes, dtypes and the source of the
formula stand in its docstring. A function that an adapter does not have, or that raises
`NotImplementedError`, is skipped by name and counted.

`--bolt-suite=NAME` runs a suite, a group of them, or `all`. Shipped adapters: `manual` (the
references), `framework` (PyTorch's own operations), `fast` (our own for a processor), `triton`
(kernels; without a GPU Triton's interpreter runs them: checked, never timed), and `loops` (a Python
loop over heads, as a baseline).
"""


def suites() -> list[str]:
    """Return the names of the shipped suites."""
    return sorted(path.parent.name for path in (ROOT / "suites").glob("*/__init__.py"))


def groups() -> dict[str, list[str]]:
    """Return the groups of suites."""
    found = tomllib.loads((ROOT / "suites" / "groups.toml").read_text())
    return {name: group["suites"] for name, group in found.items()}


def first_sentence(function: Callable[..., Any]) -> str:
    """Return what a function does, in a line that may stand in a table."""
    lines = (inspect.getdoc(function) or "").partition("\n\n")[0].split()
    return " ".join(lines).removeprefix("Return ").replace("|", r"\|")


def signature(function: Callable[..., Any]) -> str:
    """Return the names of the arguments, with those that have a default in brackets."""
    names = []
    for parameter in inspect.signature(function).parameters.values():
        optional = parameter.default is not inspect.Parameter.empty
        names.append(f"{parameter.name}=" if optional else parameter.name)
    return ", ".join(names)


def row(name: str, adapters: tuple[Adapter, ...]) -> str:
    """Return an operation's row: the call, what it returns, who offers it."""
    function = next(getattr(each, name) for each in adapters if each.provides(name))
    offering = ", ".join(each.name for each in adapters if each.provides(name))
    return f"| `{name}({signature(function)})` | {first_sentence(function)} | {offering} |"


def page() -> str:
    """Return the whole page."""
    adapters = tuple(sorted(bundled("suites"), key=lambda each: each.name != "manual"))
    names = sorted({name for adapter in adapters for name in adapter.operations})
    lines = [HEAD, "## Suites\n", ", ".join(f"`{name}`" for name in suites()) + ".\n"]
    lines += [
        f"Group `{name}`: {', '.join(f'`{each}`' for each in members)}.\n"
        for name, members in groups().items()
    ]
    lines += ["## Operations\n", "| operation | what it returns | shipped in |", "|---|---|---|"]
    return "\n".join([*lines, *(row(name, adapters) for name in names)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
