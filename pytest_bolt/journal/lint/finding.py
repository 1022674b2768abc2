"""What a rule finds, and the table of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.journal.document.whole import Document


class Severity(StrEnum):
    """ERROR: it cannot be right as written. ADVICE: style, or nothing there to check it with."""

    ERROR = "error"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: line from 1, column from 0, what was seen, what it should be (empty if unknown)."""

    line: int
    column: int
    rule: str
    message: str
    seen: str = ""
    expected: str = ""
    severity: Severity = Severity.ERROR


Rule = Callable[[Document], Iterable[Finding]]

RULES = {
    "arithmetic": "an equation, sum, share or total whose sides differ",
    "conflict": "a mark of an unfinished merge",
    "contradiction": "a cell, remark or conclusion that other figures of the journal contradict",
    "date": "a date that does not exist",
    "duplicate": "two entries with one number, version or id",
    "encoding": "garbled characters, mixed line ends, a last line without an end",
    "footnote": "a cell that its own footnote contradicts, a footnote without a mark",
    "hash": "a commit hash that is short, made up, no hexadecimal, or unknown to the repository",
    "missing-field": "a part that the style of the entry asks for",
    "not-written": "a person's field that is still empty",
    "numbering": "a number that was skipped",
    "order": "an entry that stands on the wrong side of its neighbour",
    "parameters": "fewer parameters than the layers alone have",
    "percentage": "a percentage that no rounding of its figures gives; per cent for percentage points",
    "perplexity": "a perplexity that is not exp(loss)",
    "placeholder": "a form's placeholder, TBD or TODO",
    "ratio": "a factor that no rounding of its figures gives",
    "rounding": "a figure that only unrounded or truncated inputs give",
    "throughput": "a rate that contradicts the time of a step",
    "tokenizer": "perplexities of different tokenizers side by side",
    "unit": "GB for GiB, or sizes of memory that do not say which",
    "wording": "a factor below one called slower or faster, a reduction of more than 100 %",
}
