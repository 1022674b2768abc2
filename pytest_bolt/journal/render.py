"""An entry as Markdown: the same entry gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pytest_bolt.core.markdown_text import Markdown, code, escape
from pytest_bolt.journal import pieces
from pytest_bolt.journal.entry import NOT_WRITTEN, Entry
from pytest_bolt.journal.markers import framed, person_block
from pytest_bolt.journal.replicated import replicated

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

TEMPLATE_SUFFIX = ".md.j2"
_FILTERS = {
    "artifacts": pieces.artifacts,
    "before_after": pieces.before_after,
    "block": pieces.block,
    "changes": pieces.changes,
    "closing": pieces.closing,
    "code": code,
    "conclusion": pieces.conclusion,
    "facts": pieces.facts,
    "figures": pieces.figures,
    "files": pieces.files,
    "hypothesis": pieces.hypothesis,
    "learning": pieces.learning,
    "models": pieces.models,
    "results": pieces.results,
    "side": pieces.side,
    "stated": pieces.stated,
    "version": pieces.version,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How an entry is rendered: the style, its number where entries are numbered, the dash of its heading.

    One that is `continued` has no heading of its own for the version that it belongs to. `templates` are a
    user's own, by file name; the style is then looked for among them first.
    """

    style: str = "paper"
    number: int = 1
    dash: str = "-"
    continued: bool = False
    templates: Mapping[str, str] = field(default_factory=dict)


def render(entry: Entry, how: Rendering | None = None) -> str:
    """Return the entry between its markers.

    Raises BoltError where a template of the user's own fails, or takes too long.
    """
    how = how or Rendering()
    if f"{how.style}{TEMPLATE_SUFFIX}" in how.templates:
        from pytest_bolt.journal.own_templates import render_apart

        text = render_apart(entry, how)
    else:
        text = body(entry, how, environment())
    return framed(entry, text + replicated(entry))


def body(entry: Entry, how: Rendering, environment: Environment) -> str:
    """Return the entry without its markers."""
    template = environment.get_template(f"{how.style}{TEMPLATE_SUFFIX}")
    known = {"number": how.number, "dash": Markdown(how.dash), "continued": how.continued}
    text = template.render(entry=entry, **known)
    return text if text.endswith("\n") else f"{text}\n"


@cache
def environment() -> Environment:
    """Return the environment of the styles that are shipped."""
    from jinja2 import PackageLoader

    return sandboxed(PackageLoader("pytest_bolt.journal"))


def sandboxed(loader: BaseLoader) -> Environment:
    """Return an environment whose templates reach data only; an undefined name is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS, person=_person)
    return environment


def _safe(value: object) -> str:
    """Return what a template prints: everything that no filter made Markdown is escaped."""
    if value is None:
        msg = "a template printed a value that is not there"
        raise TypeError(msg)
    return value if isinstance(value, Markdown) else escape(str(value))


def _person(fields: Mapping[str, str], name: str) -> Markdown:
    return Markdown(person_block(name, fields.get(name, "") or NOT_WRITTEN))
