"""Write `reference/options.md` from the one table of options: `python docs/render_options.py`."""

from __future__ import annotations

from pathlib import Path

from pytest_bolt.options import OPTIONS, Option

PAGE = Path(__file__).parent / "reference" / "options.md"
HEAD = """# Options

Made by `docs/render_options.py` from the table in `pytest_bolt/options.py`.

An option with an ini key can stand in the ini file too (`bolt_margin = 3%`). The command line wins over a
marker on the test, that over the ini file, that over the default.
"""


def entry(option: Option) -> str:
    """Return one section: the option as typed, what it does, its values, its ini key."""
    typed = option.flag if option.metavar is None else f"{option.flag}={option.metavar}"
    facts = []
    if option.choices:
        facts.append(
            f"Values: {', '.join(f'`{choice}`' for choice in option.choices)}; default `{option.default}`."
        )
    if option.repeatable:
        facts.append("Can be given more than once; all count.")
    if option.ini:
        facts.append(f"Ini key: `{option.dest}`.")
    text = option.help.replace("%%", "%").replace("*", r"\*")
    return f"## `{typed}`\n\n{' '.join([text, *facts])}\n"


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(entry(option) for option in OPTIONS)])


if __name__ == "__main__":
    PAGE.write_text(page())
