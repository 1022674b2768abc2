"""Rule `contradiction`: an outcome or a remark against the figures beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_bolt.journal.document.model import JournalEntry, Style, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.table_reading import (
    columns_of,
    figure,
    header_unit,
    plain,
    shown_row,
    tables_within,
)

_REAL = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?"
_OURS = re.compile(
    rf"(?P<low>{_REAL})[ %x]{{0,2}}(?:, (?P<high>{_REAL})[ %x]{{0,2}}\])?(?:, \d+ times)? (?:is|lies) "
    rf"(?P<how>wholly|nowhere|on both sides of) (?:(?P<sign><=|>=) )?(?P<limit>{_REAL})"
)
_ITEM = re.compile(r"\d{1,3}\. \*\*(?P<outcome>confirmed|refuted|inconclusive)\*\*")
_OUTCOME = re.compile(r"\b(?P<outcome>confirmed|refuted|inconclusive)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|un|partially|partly|neither|cannot be|isn't|wasn't|never)[ -]*$", re.IGNORECASE)
_FASTER = re.compile(
    r"\bfaster\b|\bspeed[- ]?up\b|\bspeeds? up\b"
    r"|(?:reduc|lower|decreas|cut|improv|short)\w*\b[^.\n]{0,48}\b(?:time|latency|duration)"
    r"|(?:time|latency)[^.\n]{0,24}\b(?:drop|fall|decrease|shrink)",
    re.IGNORECASE,
)
_BETTER = re.compile(r"\bimprov(?:ing|ed|es)\b|\bbetter\b", re.IGNORECASE)
_WORSE = re.compile(r"\bdegrad(?:ing|ed|es)\b|\bworse\b|\bregress", re.IGNORECASE)
_LOWER_IS_BETTER = re.compile(r"ppl|perplex|loss|latency|\bms\b|time|error|memory", re.IGNORECASE)
_HIGHER_IS_BETTER = re.compile(r"acc|tok/s|throughput|score|bleu|f1|auc|reward|core", re.IGNORECASE)
_STEPS = re.compile(r"\b(?:iter|step|epoch|round)", re.IGNORECASE)


def outcomes(document: Document) -> Iterator[Finding]:
    """Find outcomes that the entry's own figures contradict."""
    yield from _computed(document)
    for entry in document.entries:
        if entry.style in {Style.PAPER, Style.FINDINGS, Style.LOGBOOK, Style.EXPERIMENT, Style.WORKLOG}:
            yield from _against_table(document, entry)
    for table in document.tables:
        yield from _remarks(document, table)


def _computed(document: Document) -> Iterator[Finding]:
    """Hold `[a, b] is wholly >= c` of our own entries against a, b and c, and the outcome against all."""
    item: tuple[int, re.Match[str]] | None = None
    hows: list[str] = []
    for number, line in enumerate((*document.source.lines, ""), 1):
        said = _ITEM.match(line)
        if said is not None or not line.strip():
            yield from _outcome(item, hows)
            item, hows = (number, said) if said is not None else None, []
        match = (
            _OURS.search(line) if " wholly " in line or " nowhere " in line or " on both " in line else None
        )
        if match is None:
            continue
        hows.append(match["how"])
        how = _how(match)
        if how is not None and how != match["how"]:
            message = f"`{match['how']}`: by these figures it is {how}"
            yield _finding(number, match.start("how"), match["how"], how, message)


def _outcome(item: tuple[int, re.Match[str]] | None, hows: list[str]) -> Iterator[Finding]:
    """Judge an outcome: refuted where a part holds nowhere, confirmed where each holds wholly."""
    if item is None or not hows:
        return
    number, said = item
    right = "refuted" if "nowhere" in hows else "confirmed" if set(hows) == {"wholly"} else "inconclusive"
    if said["outcome"] != right:
        message = f"`{said['outcome']}`: by the lines below it is {right}"
        yield _finding(number, said.start("outcome"), said["outcome"], right, message)


def _how(match: re.Match[str]) -> str | None:
    low, limit = float(match["low"]), float(match["limit"])
    high = float(match["high"]) if match["high"] else low
    sign = match["sign"]
    if sign is None:
        return "on both sides of" if min(low, high) <= limit <= max(low, high) else None
    holds = (value <= limit if sign == "<=" else value >= limit for value in (low, high))
    first, second = holds
    return "wholly" if first and second else "on both sides of" if first or second else "nowhere"


def _against_table(document: Document, entry: JournalEntry) -> Iterator[Finding]:
    hypothesis = entry.field("hypothesis")
    verdict = (
        entry.field("conclusion", "verdict") or entry.field("outcome") or entry.field("analysis", "result")
    )
    if hypothesis is None or verdict is None or not _FASTER.search(hypothesis.text):
        return
    confirmed = next(
        (one for one in _OUTCOME.finditer(verdict.text) if one["outcome"].lower() == "confirmed"), None
    )
    if confirmed is None or _NOT.search(verdict.text[: confirmed.start()]):
        return
    times = [pair for table in tables_within(document, entry.span) for pair in _times(document, table)]
    if times and all(after.range.low >= before.range.high for before, after in times):
        before, after = times[0]
        message = f"confirmed, but {before.text} became {after.text}: that is slower"
        line, column = _place(document, entry, verdict.line)
        yield _finding(line, column, "confirmed", "refuted", message)


def _place(document: Document, entry: JournalEntry, start: int) -> tuple[int, int]:
    for number in range(start, entry.span.end):
        at = document.source.lines[number - 1].lower().find("confirmed")
        if at >= 0:
            return number, at
    return start, 0


def _times(document: Document, table: Table) -> Iterator[tuple[Quantity, Quantity]]:
    columns = columns_of(table)
    if columns.before is None or columns.after is None:
        return
    for cells in table.rows:
        texts = shown_row(document, cells)
        if len(texts) > max(columns.before, columns.after):
            pair = [
                figure(texts[n], header_unit(table.header[n].text)) for n in (columns.before, columns.after)
            ]
            before, after = pair
            if before is not None and after is not None and before.kind == after.kind == "time":
                yield before, after


def _remarks(document: Document, table: Table) -> Iterator[Finding]:
    """Hold `11.8 (still improving)` against the cell above, where rows follow each other in time."""
    if not _STEPS.search(plain(table.header[0].text)):
        return
    for column in range(1, len(table.header)):
        name = plain(table.header[column].text)
        lower = _LOWER_IS_BETTER.search(name) is not None
        if lower is (_HIGHER_IS_BETTER.search(name) is not None):
            continue
        above: Quantity | None = None
        for cells in table.rows:
            if len(cells) <= column:
                continue
            text = shown_row(document, cells)[column]
            value = figure(text)
            if value is not None and above is not None:
                rose = value.value - above.value
                better = (rose < 0) is lower
                says = "better" if _BETTER.search(text) else "worse" if _WORSE.search(text) else ""
                if rose and says and (says == "better") is not better:
                    right = "better" if better else "worse"
                    message = f"`{' '.join(text.split())}`: after {above.text} that is {right}"
                    yield _finding(cells[column].line, cells[column].column, text.strip(), right, message)
            above = value or above


def _finding(line: int, column: int, seen: str, expected: str, message: str) -> Finding:
    return Finding(
        line=line, column=column, rule="contradiction", seen=seen, expected=expected, message=message
    )
