"""Encoding a stream: piece by piece, as it comes, and nothing of it lost.

Pieces are compared with the whole text where a cut cannot matter: before a pre-token, which is where lines
of a file are cut. Elsewhere the text has to come back; whether a pre-token that is cut is put together again
is for the implementation to say.
"""

from __future__ import annotations

import itertools
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .. import texts
from .vocabularies import END, SCRIPTS, Pair

pytestmark = [
    pytest.mark.bolt(operation="get_tokenizer"),
    pytest.mark.filterwarnings("ignore"),
]
MUCH = 8_000_000
LINE = "the quick brown fox jumps over the lazy dog, 42 times.\n"


def lines_of(seed, count, specials=(END,)):
    """Return lines, each ended by one line break, the first character after it no space."""
    lines = []
    for number in range(count):
        text = texts.words(1000 * seed + number, 12, scripts=SCRIPTS).replace("\n", " ").strip()
        lines.append(texts.with_specials(text, specials, number, every=40).strip() + "\n")
    return lines


@pytest.mark.parametrize("specials", [(), (END,)], ids=["no special token", "one"])
def test_lines_are_encoded_as_the_whole(impl, seed, specials):
    pair = Pair(impl, specials=specials)
    lines = lines_of(seed, 30, specials or ("x",))
    assert list(pair.tokenizer.encode_iterable(iter(lines))) == pair.agrees("".join(lines))


def test_an_open_file_is_encoded_as_its_text(impl, seed, tmp_path):
    pair = Pair(impl, specials=[END])
    lines = lines_of(seed, 30)
    (tmp_path / "text").write_text("".join(lines), encoding="utf-8", newline="")
    with (tmp_path / "text").open(encoding="utf-8", newline="") as file:
        assert list(pair.tokenizer.encode_iterable(file)) == pair.agrees("".join(lines))


@pytest.mark.parametrize(
    "cut", [" ", END, "\n"], ids=["before a space", "at special tokens", "at line breaks"]
)
def test_pieces_cut_before_a_pre_token(impl, cut):
    pair = Pair(impl, specials=[END])
    pieces = {
        " ": ["one", " two", " three", " 44", " !"],
        END: ["one two", END, "three", END, END, " four"],
        "\n": ["one\n", "two\n", f"{END}\n", "three"],
    }[cut]
    assert list(pair.tokenizer.encode_iterable(pieces)) == pair.agrees("".join(pieces))


def test_spaces_round_a_piece_are_kept(impl):
    pair = Pair(impl, specials=[END])
    pieces = ["  a line\n", "\n", "   indented\t\n", " ", "", "end  "]
    assert pair.tokenizer.decode(list(pair.tokenizer.encode_iterable(pieces))) == "".join(pieces)


@settings(max_examples=60, deadline=None, print_blob=True, database=None)
@given(pieces=st.lists(texts.any_text(12), max_size=6))
def test_pieces_cut_anywhere_come_back(impl, pieces):
    tokenizer = Pair(impl, specials=[END]).tokenizer
    assert tokenizer.decode(list(tokenizer.encode_iterable(pieces))) == "".join(pieces)


@pytest.mark.parametrize(
    "kind",
    [list, tuple, iter, lambda pieces: (each for each in pieces)],
    ids=["list", "tuple", "iterator", "generator"],
)
def test_any_iterable(impl, kind):
    pair = Pair(impl, specials=[END])
    lines = lines_of(3, 5)
    assert list(pair.tokenizer.encode_iterable(kind(lines))) == pair.agrees("".join(lines))


def test_ids_come_before_the_stream_ends(impl):
    tokenizer = Pair(impl, specials=[END]).tokenizer
    read = itertools.count()

    def endless():
        while next(read) * len(LINE) * 50 < MUCH:
            yield LINE * 50
        pytest.fail(f"{MUCH} characters were read before there was a hundredth id")

    ids = tokenizer.encode_iterable(endless())
    assert len(list(itertools.islice(ids, 100))) == 100


def test_nothing_is_read_before_an_id_is_asked_for(impl):
    def untouchable():
        pytest.fail("the stream was read before an id was asked for")
        yield ""

    ids = Pair(impl).tokenizer.encode_iterable(untouchable())
    assert isinstance(ids, types.GeneratorType) or iter(ids) is ids


def test_streams_side_by_side(impl):
    pair = Pair(impl, specials=[END])
    first, second = lines_of(4, 6), lines_of(5, 6)
    streams = [pair.tokenizer.encode_iterable(iter(lines)) for lines in (first, second)]
    taken = list(itertools.zip_longest(*streams))
    for lines, ids in zip((first, second), zip(*taken, strict=True), strict=True):
        assert [number for number in ids if number is not None] == pair.agrees("".join(lines))
