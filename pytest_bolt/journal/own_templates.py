"""A user's own templates: read from one folder, and run in a process that can do nothing but render.

A template is a program: the sandbox keeps it from the interpreter, the process from time and memory.
"""

from __future__ import annotations

import pickle
import resource
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.render import TEMPLATE_SUFFIX, Rendering, body, sandboxed

_SECONDS = 10
_BYTES = 1 << 30
_LARGEST_TEMPLATE = 1 << 20  # bytes
_LARGEST_ENTRY = 4 << 20  # characters
_OK, _FAILED = b"+", b"-"


def templates_in(folder: Path) -> Mapping[str, str]:
    """Return the templates of a folder by file name.

    Raises BoltError where the folder cannot be read, a template leads out of it, is no UTF-8 or is too large.
    """
    try:
        top = folder.resolve(strict=True)
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(".j2"))
    except OSError as error:
        seen = {"folder": folder, "error": error.strerror or error}
        raise BoltError("the folder of journal templates cannot be read", seen=seen) from error
    return {path.name: _read(path, top) for path in paths}


def _read(path: Path, top: Path) -> str:
    problem: object
    try:
        real = path.resolve(strict=True)
        if top not in real.parents:
            problem = "it leads out of its folder"
        elif real.stat().st_size > _LARGEST_TEMPLATE:
            problem = f"it is larger than {_LARGEST_TEMPLATE} bytes"
        else:
            return real.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error
    raise BoltError("a journal template cannot be used", seen={"template": path, "problem": problem})


def style_names(templates: Mapping[str, str]) -> tuple[str, ...]:
    """Return the styles that a folder of templates adds."""
    return tuple(name.removesuffix(TEMPLATE_SUFFIX) for name in templates if name.endswith(TEMPLATE_SUFFIX))


def render_apart(entry: Entry, how: Rendering) -> str:
    """Return the entry without its markers, rendered in a process of its own.

    Raises BoltError with what the template did wrong.
    """
    work = pickle.dumps((entry, how))
    command = [sys.executable, "-m", "pytest_bolt.journal.own_templates"]
    try:
        # The process reads from us alone; what it writes is taken as text.
        done = subprocess.run(command, input=work, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _failed(how, f"it did not end within {_SECONDS} s") from None
    mark, text = done.stdout[:1], done.stdout[1:].decode("utf-8", "surrogateescape")
    if mark == _FAILED:
        raise _failed(how, text)
    if mark != _OK or done.returncode:
        raise _failed(how, f"it took more than {_SECONDS} s or {_BYTES >> 20} MiB of memory")
    if len(text) > _LARGEST_ENTRY:
        raise _failed(how, f"it wrote more than {_LARGEST_ENTRY} characters")
    return text


def _failed(how: Rendering, problem: str) -> BoltError:
    return BoltError(
        "a journal template failed",
        seen={"template": f"{how.style}{TEMPLATE_SUFFIX}", "problem": one_line(problem)},
        advice=f"try it with `pytest-bolt journal preview {how.style}`",
    )


def _source(how: Rendering, name: str) -> tuple[str, str, None] | None:
    """Return a template with its name, which then stands in tracebacks, as a loader of Jinja does."""
    text = how.templates.get(name)
    return None if text is None else (text, name, None)


def _place(error: Exception, how: Rendering) -> str:
    """Return `paper.md.j2:12: `, where the error is in the source of a template; else nothing."""
    from jinja2 import TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        return f"{error.name}:{error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno}: " for frame in frames if frame.filename in how.templates]
    return lines[-1] if lines else ""


def _main() -> None:
    """Render what standard input holds; it was written by `render_apart`."""
    from jinja2 import FunctionLoader

    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    entry, how = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    try:
        text = body(entry, how, sandboxed(FunctionLoader(lambda name: _source(how, name))))
    except Exception as error:  # noqa: BLE001 - whatever a template raises is told to its author
        problem = f"{_place(error, how)}{type(error).__name__}: {error}"
        answer = _FAILED + problem.encode("utf-8", "replace")
    else:
        answer = _OK + text.encode("utf-8", "surrogateescape")
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    _main()
