"""Every digit of every style: one that is changed is found, also where the digest was made to fit."""

from __future__ import annotations

import re

import pytest
from journal_store import RUN, STYLES, store_run

from pytest_bolt.journal import styles
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.checking import mismatches, without_person
from pytest_bolt.journal.fitting import fitted
from pytest_bolt.journal.markers import Found, digest_of, entries_in
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.stores.store import open_store

_NUMBERED = re.compile(r"^#{2,3} (?:Entry|Experiment) \d+ ")
_VERDICT = re.compile(r"faster|INCONCLUSIVE|INCORRECT|confirmed|refuted|same within|larger")


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "store.sqlite"
    store_run(path)
    with open_store(str(path), read_only=True) as store:
        return entries_of(store.summary(RUN))[0]


def changed(found: Found, at: int, text: str, length: int = 1) -> Found:
    body = found.body[:at] + text + found.body[at + length :]
    return Found(entry_id=found.entry_id, date=found.date, start=0, end=0, body=body, digest=digest_of(body))


@pytest.mark.parametrize("style", STYLES)
def test_every_digit_counts(entry, style):
    (found,) = entries_in(render(entry, Rendering(style=style)))
    plain = without_person(found.body)
    numbered = _NUMBERED.match(plain)
    rendered = render(entry, Rendering(style=style))
    counted = 0
    for match in re.finditer(r"\d", plain):
        if numbered and match.start() < numbered.end():
            continue  # the number of an entry is its place in the journal, which the store does not know
        other = str((int(match.group()) + 1) % 10)
        forged = changed(found, _place(found.body, plain, match.start()), other)
        line = plain.count("\n", 0, match.start())
        differs = mismatches(forged, entry, rendered)
        assert differs, plain.splitlines()[line]
        assert line in {each.line for each in differs} or "words" in differs[0].stands
        counted += 1
    assert counted > 50
    assert fitted(forged, entry, {})[1]  # nor does it look like another style


@pytest.mark.parametrize("style", STYLES)
def test_every_verdict_counts(entry, style):
    (found,) = entries_in(render(entry, Rendering(style=style)))
    matches = list(_VERDICT.finditer(found.body))
    assert matches
    for match in matches:
        for word in ("slower", "great"):
            forged = changed(found, match.start(), word, len(match.group()))
            assert fitted(forged, entry, {})[1], found.body[match.start() - 50 : match.end() + 20]


def _place(body: str, plain: str, at: int) -> int:
    """Return where in the body a place of the text without persons' fields is; both have the same lines."""
    line = plain.count("\n", 0, at)
    column = at - (plain.rfind("\n", 0, at) + 1)
    return sum(map(len, body.splitlines(keepends=True)[:line])) + column


def test_styles_are_all_that_there_are():
    assert set(STYLES) == set(styles.STYLES)
