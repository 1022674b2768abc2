"""What of a source text is code: its normal form does not change with layout, comments or docstrings."""

from __future__ import annotations

import ast
import hashlib
import warnings


def normalised(source: str | bytes) -> str:
    """Return Python source as the dump of its syntax tree, without docstrings.

    A docstring that is the whole body stays. Raises SyntaxError, and ValueError for a null byte.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an invalid escape; this text is not ours to complain about
        tree = ast.parse(source)
    without_docstrings(tree)
    return ast.dump(tree)


def without_docstrings(tree: ast.AST) -> None:
    """Take the docstrings out of a syntax tree, except one that is a whole body."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
            and len(node.body) > 1
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]


def is_document(path: str) -> bool:
    """Return whether a file holds prose by its name."""
    return path.rpartition(".")[2].lower() in {"md", "rst", "adoc"}


def code_digest(path: str, content: bytes) -> str:
    """Return a digest of the code in a file: equal digests mean that no code differs.

    Of Python the normal form counts, of documents (`.md`, `.rst`, `.adoc`) nothing. Of anything else every
    byte counts, and of Python that cannot be parsed.
    """
    if is_document(path):
        return ""
    suffix = path.rpartition(".")[2].lower()
    if suffix in {"py", "pyi"}:
        try:
            return hashlib.sha256(normalised(content).encode("utf-8", "surrogatepass")).hexdigest()
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    return hashlib.sha256(content).hexdigest()
