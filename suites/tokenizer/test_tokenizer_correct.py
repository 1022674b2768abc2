"""Encoding and decoding: merges by rank, special tokens whole, any text comes back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .. import texts
from .vocabularies import END, SCRIPTS, Pair

pytestmark = [
    pytest.mark.bolt(operation="get_tokenizer"),
    pytest.mark.filterwarnings("ignore"),
]
OVERLAPPING = (END, END + END, "<|end", "[a.b]", "$", "(x|y)*", "ab", "abc", "é!")


def merges(text):
    """Return merges written as `a+b c+d`."""
    return [tuple(part.encode() for part in pair.split("+")) for pair in text.split()]


@pytest.mark.parametrize(
    ("learnt", "text", "wanted"),
    [
        ("a+a", "aaa", "aa a"),
        ("a+a", "aaaaa", "aa aa a"),
        ("a+a aa+a", "aaaa", "aa aa"),
        ("a+a aa+aa", "aaaaaaa", "aaaa aa a"),
        ("b+c a+b", "abc", "a bc"),
        ("a+b b+c", "abc", "ab c"),
        ("b+c a+b a+bc", "abcab", "abc ab"),
        ("c+d b+c a+b ab+cd", "abcd", "abcd"),
        ("a+b ab+a b+a", "aba", "aba"),
        ("b+a a+b ab+a", "aba", "a ba"),
        ("a+b c+d ab+cd b+c", "abcdbc", "abcd bc"),
        ("x+y xy+z", "xyzxy", "xyz xy"),
    ],
)
def test_by_hand(impl, learnt, text, wanted):
    assert Pair(impl, merges(learnt)).bytes_of(text) == [token.encode() for token in wanted.split()]


def test_nothing(impl):
    pair = Pair(impl)
    assert list(pair.tokenizer.encode("")) == []
    assert pair.tokenizer.decode([]) == ""
    assert list(pair.tokenizer.encode_iterable([])) == []


def test_without_merges_every_byte_is_a_token(impl):
    pair = Pair(impl, [])
    assert pair.bytes_of("aé🙂") == [bytes([value]) for value in "aé🙂".encode()]


@pytest.mark.parametrize("kind", ["letters", *SCRIPTS, "all"])
def test_words(impl, seed, kind):
    pair = Pair(impl, seed=seed % 3)
    if kind == "letters":
        pair.agrees(texts.few_letters(100 * seed, 300, letters="ab\n"))
    else:
        pair.agrees(texts.words(100 * seed, 250, scripts=SCRIPTS if kind == "all" else (kind,)))


@pytest.mark.parametrize("specials", [(END,), (END, "<pad>"), OVERLAPPING], ids=["one", "two", "overlapping"])
def test_special_tokens(impl, seed, specials):
    pair = Pair(impl, specials=specials, seed=seed % 3)
    for more in range(3):
        plain = texts.words(100 * seed + more, 60, scripts=SCRIPTS)
        pair.agrees(texts.with_specials(plain, specials, more))


@pytest.mark.parametrize("text", [END, f"{END}{END}", f"a{END}", f"{END}a", f" {END} ", f"a b{END}\n{END} c"])
def test_a_special_token_is_one_id(impl, text):
    pair = Pair(impl, specials=[END])
    ids = pair.agrees(text)
    assert ids.count(pair.ids_of(END.encode())[0]) == text.count(END)


@pytest.mark.parametrize(
    "specials", [(END, END + END), (END + END, END)], ids=["shorter first", "longer first"]
)
def test_of_overlapping_special_tokens_the_longest_counts(impl, specials):
    pair = Pair(impl, specials=specials)
    single, double = pair.ids_of(END.encode(), 2 * END.encode())
    assert pair.agrees(END * 2) == [double]
    assert pair.agrees(END * 3) == [double, single]
    assert pair.agrees(END) == [single]


def test_a_longer_special_token_that_is_not_there_does_not_hide_a_shorter(impl):
    pair = Pair(impl, specials=["<a>", "<a><b>", "<b>"])
    assert pair.bytes_of("<a><c><a><b><b><a>") == [b"<a>", b"<", b"c", b">", b"<a><b>", b"<b>", b"<a>"]


@pytest.mark.parametrize("special", ["[x]", "a.c", "a|b", "(", "$", "^", "\\d", "*", "+?", "{2}", " x ", "é"])
def test_a_special_token_means_its_text(impl, special):
    pair = Pair(impl, specials=[special])
    wanted = pair.ids_of(special.encode())
    assert pair.agrees(special) == wanted
    assert pair.agrees(f"abc{special}xd 22")[-6:] != wanted
    pair.agrees("x d abc b 22 a7c")


def test_a_special_token_in_other_letters_is_text(impl):
    pair = Pair(impl, specials=[END])
    assert len(pair.agrees(END.upper())) > 1
    assert pair.agrees(f"{END[:-1]} {END}")[-1:] == pair.ids_of(END.encode())


def test_without_special_tokens_their_text_is_text(impl):
    pair = Pair(impl)
    assert len(pair.agrees(f"a{END}b")) > 3


def test_spaces_before_a_special_token_end_there(impl):
    pair = Pair(impl, [(b" ", b" ")], specials=[END])
    assert pair.bytes_of(f"a  {END}  b") == [b"a", b"  ", END.encode(), b" ", b" ", b"b"]


def test_no_merge_crosses_pre_tokens(impl):
    pair = Pair(impl, [(b"a", b" "), (b"a", b"1"), (b"e", b"'"), (b" ", b"a"), (b"!", b"a"), (b"\n", b"\n")])
    assert pair.bytes_of("a a1e's!a") == [b"a", b" a", b"1", b"e", b"'", b"s", b"!", b"a"]
    assert pair.bytes_of("a\n\n\na\n\n") == [b"a", b"\n\n", b"\n", b"a", b"\n\n"]


def test_the_same_answer_again(impl, seed):
    pair = Pair(impl, specials=[END], seed=seed % 3)
    text = texts.with_specials(texts.words(100 * seed + 5, 50, scripts=SCRIPTS), [END], 1)
    first = pair.agrees(text)
    pair.agrees(text[::-1].replace(END[::-1], ""))
    assert pair.agrees(text) == first


def test_two_tokenizers_share_nothing(impl):
    first, second = Pair(impl, merges("a+b")), Pair(impl, merges("b+c"), seed=1)
    for _ in range(2):
        assert first.bytes_of("abc") == [b"ab", b"c"]
        assert second.bytes_of("abc") == [b"a", b"bc"]


def test_a_long_word(impl):
    pair = Pair(impl, merges("a+a aa+aa aaaa+aaaa"))
    assert len(pair.agrees("a" * 1001)) == 126


def test_characters_of_several_tokens_are_decoded_together(impl):
    pair = Pair(impl, [])
    text = "é€🙂一"
    assert pair.tokenizer.decode(pair.ids_of(*(bytes([value]) for value in text.encode()))) == text


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff",
        b"\xc3",
        b"a\xc3b",
        b"\xe2\x82",
        b"\xf0\x9f\x99",
        b"\x80\x80",
        b"ok\xf0\x9f\x99\x82\xf0",
        b"\xed\xa0\x80",
    ],
    ids=bytes.hex,
)
def test_bytes_that_are_no_text_are_replaced(impl, broken):
    pair = Pair(impl, [])
    ids = pair.ids_of(*(bytes([value]) for value in broken))
    assert pair.tokenizer.decode(ids) == broken.decode("utf-8", errors="replace")


def test_special_tokens_are_decoded(impl):
    pair = Pair(impl, specials=[END])
    assert pair.tokenizer.decode(pair.ids_of(b"a", END.encode(), b"b")) == f"a{END}b"


@settings(max_examples=60, deadline=None, print_blob=True, database=None)
@given(text=texts.any_text())
@example(text="\r\n\x00\x1c\u2028")
@example(text="e\u0301 \ufeffa\u200d🏽")
@example(text="\U0010ffff\ufffe")
def test_any_text_comes_back(impl, text):
    tokenizer = Pair(impl, specials=[END]).tokenizer
    assert tokenizer.decode(list(tokenizer.encode(text))) == text
    assert tokenizer.decode(list(tokenizer.encode_iterable([text]))) == text


@settings(max_examples=60, deadline=None, print_blob=True, database=None)
@given(text=texts.scripts_text())
def test_any_text_of_known_scripts(impl, text):
    Pair(impl, specials=[END]).agrees(text)


@settings(max_examples=60, deadline=None, print_blob=True, database=None)
@given(
    text=st.text("abc ", max_size=24),
    learnt=st.lists(st.tuples(*[st.sampled_from([b"a", b"b", b"c", b"ab", b"bc", b"aa"])] * 2), unique=True),
)
def test_any_merges(impl, text, learnt):
    """Only merges whose parts exist by then, each token made one way."""
    known, usable = {b"a", b"b", b"c"}, []
    for first, second in learnt:
        if first in known and second in known and first + second not in known:
            usable.append((first, second))
            known.add(first + second)
    Pair(impl, usable).agrees(text)
