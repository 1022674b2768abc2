from __future__ import annotations

import pytest

from pytest_bolt.core.source import code_digest, normalised

CODE = b'"""Doc."""\n\n\ndef work(n):\n    """Work."""\n    return n * 2  # twice\n'


@pytest.mark.parametrize(
    "other",
    [
        b"def work(n):\n    return n * 2\n",
        b"def work(n): return (n*2)",
        CODE.replace(b"# twice", b"# 2 times").replace(b"\n", b"\r\n"),
        CODE.replace(b"Work.", b"Do."),
    ],
)
def test_layout_comments_and_docstrings_are_no_code(other):
    assert code_digest("a.py", CODE) == code_digest("a.py", other)


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.py", CODE, CODE.replace(b"* 2", b"* 3")),
        ("a.py", b"x = 'a'", b"x = 'b'"),
        ("a.py", b"def f(:", b"def f( :"),
        ("a.py", b"x = 1\x00", b"x = 1 \x00"),
        ("a.c", b"int x; // a", b"int x; // b"),
        ("a.toml", b"x = 1", b"x = 1 "),
        ("a.py", b'"""Only a docstring."""', b'"""Another."""'),
    ],
)
def test_everything_else_is(path, one, other):
    assert code_digest(path, one) != code_digest(path, other)


def test_documents_hold_no_code():
    assert code_digest("README.md", b"a") == code_digest("docs/x.rst", b"b") == ""


def test_a_syntax_error_is_told():
    with pytest.raises(SyntaxError):
        normalised("def")
