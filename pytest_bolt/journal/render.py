"""An entry as Markdown: the same entry gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from pytest_bolt.core.markdown_text import Markdown, code, code_block, escape, table
from pytest_bolt.journal.entry import NOT_WRITTEN, Entry, Result, Side
from pytest_bolt.journal.markers import framed, person_block

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = ("paper",)


def render(entry: Entry, style: str = "paper") -> str:
    """Return the entry in one of `STYLES`, between its markers."""
    body = _environment().get_template(f"{style}.md.j2").render(entry=entry)
    return framed(entry.entry_id, entry.date, body)


@cache
def _environment() -> Environment:
    from jinja2 import PackageLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=PackageLoader("pytest_bolt.journal"),
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=code, block=code_block, side=_side, facts=_facts, results=_results, person=_person
    )
    return environment


def _safe(value: object) -> str:
    """Return what a template prints: everything that no filter made Markdown is escaped."""
    if value is None:
        msg = "a template printed a value that is not there"
        raise TypeError(msg)
    return value if isinstance(value, Markdown) else escape(str(value))


def _person(text: str, name: str) -> Markdown:
    return Markdown(person_block(name, text or NOT_WRITTEN))


def _side(side: Side) -> Markdown:
    names = " ".join(code(name) for name in dict.fromkeys((side.name, side.branch)) if name)
    dirty = f" with uncommitted changes, whose hash is {code(side.diff_hash)}" if side.diff_hash else ""
    return Markdown(f"{names} {code(side.commit)}{dirty}".strip())


def _facts(facts: Mapping[str, str]) -> Markdown:
    return Markdown("\n".join(f"- {escape(name)}: {code(value)}" for name, value in facts.items()))


def _results(results: Iterable[Result]) -> Markdown:
    rows = [(_metric(result), result.before, result.after, _change(result)) for result in results]
    return table(("Metric", "Before", "After", "Change"), rows)


def _metric(result: Result) -> Markdown:
    return Markdown(f"{escape(result.metric)}, {code(result.node_id)}")


def _change(result: Result) -> Markdown:
    """Return change, verdict and reason; the change is made of numbers only and needs no escaping."""
    change = "" if result.change == "-" and result.verdict else result.change
    return Markdown("; ".join(filter(None, (change, escape(result.verdict), escape(result.reason)))))
