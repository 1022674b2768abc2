"""Changes to Python source: some that cannot matter, and some that add a known share of work."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

Function = ast.FunctionDef | ast.AsyncFunctionDef

MANY_OBJECTS = '\nENTRIES = {f"entry {number}": [number, float(number)] for number in range(1500)}\n'
LONGER = (
    "This text was added and says nothing that a caller needs to know.",
    "It is here so that a module has more to load, as a module has after an hour of documentation.",
    "Nothing that runs was changed.",
)
_TAKEN = re.compile(r"(islice\(items, |items\[:)(\d[\d_]*)")


def unused_import(source: str) -> str:
    """Return the source with a module imported that nothing uses."""
    future = "from __future__ import annotations\n"
    return source.replace(future, f"{future}\nimport fractions\n", 1)


def longer_docstring(source: str) -> str:
    """Return the source with three more lines in every docstring."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | Function) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            indent = " " * text.col_offset
            last = (text.end_lineno or 0) - 1
            added = "".join(f"\n{indent}{line}" for line in LONGER)
            head = lines[last].rstrip().removesuffix('"""')
            lines[last] = f'{head}\n{added}\n{indent}"""\n'
    return "".join(lines)


def renamed_locals(source: str) -> str:
    """Return the source with every local variable of every function under another name."""
    lines = source.splitlines(keepends=True)
    for name in sorted(
        _locals(ast.parse(source)), key=lambda name: (name.lineno, name.col_offset), reverse=True
    ):
        line = lines[name.lineno - 1]
        lines[name.lineno - 1] = f"{line[: name.col_offset]}{name.id}_here{line[name.end_col_offset :]}"
    return "".join(lines)


def objects_at_import(source: str) -> str:
    """Return the source with 6,000 objects that live as long as the module."""
    return source + MANY_OBJECTS


def other_order(source: str) -> str:
    """Return the source with its functions defined in reverse order."""
    lines = source.splitlines(keepends=True)
    spans = [_span(node) for node in ast.parse(source).body if isinstance(node, Function)]
    texts = [lines[first:last] for first, last in spans]
    for (first, last), text in zip(reversed(spans), texts, strict=True):
        lines[first:last] = text
    return "".join(lines)


def more_items(source: str, function: str, percent: int) -> str:
    """Return the source in which a function of the sample library takes `percent` more items.

    Raises ValueError where that is not a whole number of items.
    """
    lines = source.splitlines(keepends=True)
    first, last = _span(function_named(source, function))
    text = "".join(lines[first:last])
    body, count = _TAKEN.subn(lambda found: f"{found[1]}{_more(int(found[2]), percent)}", text)
    if count != 1:
        raise ValueError(f"{function} takes its items in {count} places, not in one")
    return "".join([*lines[:first], body, *lines[last:]])


def repeated(source: str, function: str, times: int) -> str:
    """Return the source in which a function computes its result `times` times over and returns the last."""
    lines = source.splitlines(keepends=True)
    statement = function_named(source, function).body[-1]
    if not isinstance(statement, ast.Return) or statement.value is None:
        raise ValueError(f"{function} does not end by returning a value")
    value = ast.get_source_segment(source, statement.value)
    text = f"    for _ in range({times}):\n        result = {value}\n    return result\n"
    lines[statement.lineno - 1 : statement.end_lineno] = [text]
    return "".join(lines)


def repetitions(percent: int) -> tuple[int, int]:
    """Return the smallest counts of which the second is exactly `percent` more than the first."""
    ratio = Fraction(100 + percent, 100)
    return ratio.denominator, ratio.numerator


HARMLESS: dict[str, Callable[[str], str]] = {
    "import": unused_import,
    "docstring": longer_docstring,
    "local": renamed_locals,
    "objects": objects_at_import,
    "order": other_order,
}


def _more(count: int, percent: int) -> int:
    total, rest = divmod(count * (100 + percent), 100)
    if rest:
        raise ValueError(f"{percent} % of {count} items is no whole number of them")
    return total


def function_named(source: str, name: str) -> Function:
    """Return a function at the top of a module; raise ValueError where it has none of this name."""
    for node in ast.parse(source).body:
        if isinstance(node, Function) and node.name == name:
            return node
    raise ValueError(f"there is no function {name}")


def _span(node: Function) -> tuple[int, int]:
    """Return the lines of a function, decorators included, as a slice."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return first - 1, node.end_lineno or first


def _locals(tree: ast.Module) -> Iterator[ast.Name]:
    """Give every mention of a name that its function assigns and does not take as an argument.

    Names inside f-strings are left alone: before Python 3.12 their place in the line is not known.
    """
    for function in (node for node in tree.body if isinstance(node, Function)):
        nodes = list(ast.walk(function))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        texts = (node for node in nodes if isinstance(node, ast.JoinedStr))
        kept = {node.arg for node in nodes if isinstance(node, ast.arg)}
        kept |= {node.id for text in texts for node in ast.walk(text) if isinstance(node, ast.Name)}
        assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)} - kept
        yield from (name for name in names if name.id in assigned)
