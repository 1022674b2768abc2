"""BPE training: the merges of the definition, whatever ties, repeats or runs out."""

from __future__ import annotations

import pathlib
import types

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .. import reference, texts

pytestmark = [
    pytest.mark.bolt(operation="run_train_bpe"),
    pytest.mark.filterwarnings("ignore"),
]
END = "<|endoftext|>"
BYTES = 256


def pairs(text):
    """Return merges written as `a+b c+d`, a space as a middle dot."""
    return [tuple(part.replace("·", " ").encode() for part in pair.split("+")) for pair in text.split()]


def trained(impl, folder, text, merges, specials=()):
    """Train with room for so many merges; AssertionError unless vocabulary and merges fit each other."""
    path = folder / "corpus.txt"
    path.write_bytes(text.encode())
    given_specials = list(specials)
    size = BYTES + len(specials) + merges
    vocab, found = impl.run_train_bpe(path, size, given_specials)
    assert given_specials == list(specials), "the list of special tokens was changed"
    found = [tuple(pair) for pair in found]
    assert all(type(part) is bytes for pair in found for part in pair)
    singles = [bytes([value]) for value in range(BYTES)]
    wanted = [*singles, *(token.encode() for token in specials), *(first + second for first, second in found)]
    assert set(vocab.values()) == set(wanted), "the vocabulary is not bytes, special tokens and merges"
    assert sorted(vocab) == list(range(len(vocab))), "ids do not count from 0 without gaps"
    # Two merges may make the same bytes: whether these then have two ids is not said.
    assert len(set(wanted)) <= len(vocab) <= len(wanted), f"{len(vocab)} ids for {len(wanted)} tokens"
    return found


def agrees(impl, folder, text, merges, specials=()):
    """Train and hold the merges to the definition."""
    found = trained(impl, folder, text, merges, specials)
    size = BYTES + len(specials) + merges
    _, wanted = reference.train_bpe_by_counting(text, size, specials)
    for place, (got, right) in enumerate(zip(found, wanted, strict=False)):
        assert got == right, f"merge {place} is {got}, expected {right}"
    assert len(found) == len(wanted), f"{len(found)} merges, expected {len(wanted)}"
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("low low low lower newest newest", "o+w l+ow ·+low w+e"),
        ("abab", "a+b ab+ab"),
        ("aaaa", "a+a aa+aa"),
        ("aaaaaaa", "a+a aa+aa aaaa+aa aaaaaa+a"),
        ("hug hug pug pun", "u+g h+ug ·+p u+n ·p+un ·p+ug ·+hug"),
    ],
)
def test_by_hand(impl, tmp_path, text, wanted):
    assert trained(impl, tmp_path, text, len(wanted.split())) == pairs(wanted)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ab\nba", "b+a"),
        ("ab\nca\nbc", "c+a"),
        ("ax\nay", "a+y"),
        ("xb\nya", "y+a"),
        ("é\nz~", "\xc3+\xa9"),
        ("zz\n\u00ff", "\xc3+\xbf"),
        ("AB\nab\nÀ", "\xc3+\x80"),
    ],
    ids=["second place", "three", "same first", "other first", "high bytes", "highest bytes", "not letters"],
)
def test_of_equally_frequent_pairs_the_greatest_is_merged(impl, tmp_path, text, first):
    wanted = tuple(part.encode("latin-1") for part in first.split("+"))
    assert agrees(impl, tmp_path, text, 1) == [wanted]


def test_ties_are_of_pairs_and_not_of_their_joined_bytes(impl, tmp_path):
    """Joined, `ab` + `c` and `a` + `bc` are one text; as pairs the second part decides after the first."""
    text = "abab\nabc\nabc\nbcbc\nbca\n" * 3
    agrees(impl, tmp_path, text, 12)


@pytest.mark.parametrize("letters", ["a", "ab", "abc", "aé"])
def test_few_letters(impl, tmp_path, seed, letters):
    for more in range(4):
        text = texts.few_letters(100 * seed + more, 300, letters=letters)
        agrees(impl, tmp_path, text, 40)


@pytest.mark.parametrize(
    "scripts", [("latin",), ("accents", "greek"), ("han", "hangul"), tuple(texts.SCRIPTS)]
)
def test_words(impl, tmp_path, seed, scripts):
    agrees(impl, tmp_path, texts.words(100 * seed + 7, 400, scripts=scripts), 80)


def test_more_than_a_few_words(impl, tmp_path, seed):
    agrees(impl, tmp_path, texts.words(100 * seed + 8, 3000, scripts=("latin", "accents")), 150)


@pytest.mark.parametrize(
    "specials", [[END], [END, "<pad>"], ["[a.b]", "$^", "(x|y)", "*"], ["a", "bc"]], ids=str
)
def test_special_tokens_divide_the_text(impl, tmp_path, seed, specials):
    for more in range(3):
        plain = texts.few_letters(100 * seed + more, 200, letters="abc")
        agrees(impl, tmp_path, texts.with_specials(plain, specials, more, every=8), 30, specials)


def test_a_special_token_in_other_letters_is_text(impl, tmp_path):
    agrees(impl, tmp_path, f"ab{END.upper()}cd{END}<|endoftext>" * 9, 20, [END])


@pytest.mark.parametrize("text", ["\n\n\nab\n\n\n", "   ab   ", "\t\tab \n \n", "\ufeff\ufeffab"], ids=repr)
def test_what_stands_at_the_ends_of_the_file_counts(impl, tmp_path, text):
    agrees(impl, tmp_path, text, 12)


def test_nothing_is_merged_across_a_special_token(impl, tmp_path):
    text = f"x{END}y " * 30 + "ab " * 3
    found = agrees(impl, tmp_path, text, 10, [END])
    assert (b"x", b"y") not in found


def test_a_special_token_is_neither_counted_nor_merged(impl, tmp_path):
    found = agrees(impl, tmp_path, f"{END}{END}ab{END}\n" * 40, 30, [END])
    assert not [pair for pair in found if b"<" in pair[0] + pair[1] or b"end" in pair[0] + pair[1]]


def test_without_special_tokens_their_text_is_text(impl, tmp_path):
    found = agrees(impl, tmp_path, f"{END} {END} ab" * 9, 12)
    assert any(b"end" in first + second for first, second in found)


def test_spaces_before_a_special_token_end_there(impl, tmp_path):
    agrees(impl, tmp_path, f"a   {END}b   c  {END}  {END}d" * 9, 12, [END])


@pytest.mark.parametrize(
    ("text", "inside", "never"),
    [
        ("we'll we'll we'll", "l+l '+ll", "e+'"),
        ("he'd he'd he'd", "'+d", "e+'"),
        ("it'S it'S it'S", "", "'+S"),
        ("ab12 ab12 ab12", "a+b 1+2", "b+1"),
        ("été12 été12", "", "\u00e9+1"),
        ("x٣٤ x٣٤ x٣٤", "", ""),
        ("½½x ½½x", "", ""),
        ("日本!! 日本!!", "", ""),
        ("a\u00a0b a\u00a0b", "", ""),
        ("a\u3000b a\u3000b", "", ""),
        ("e\u0301a e\u0301a", "", ""),
        ("x_y x_y x_y", "", "x+_"),
        ("क्षि क्षि", "", ""),
        ("a \n\n b a \n\n b", "", ""),
        ("$5 $5", "", "$+5"),
    ],
    ids=lambda value: value if value.isascii() and value.isprintable() else None,
)
def test_pre_tokens_are_those_of_gpt2(impl, tmp_path, text, inside, never):
    found = agrees(impl, tmp_path, text, 20)
    assert not set(pairs(inside)) - set(found)
    assert not set(pairs(never)) & set(found)


def test_a_space_belongs_to_the_word_after_it(impl, tmp_path):
    found = agrees(impl, tmp_path, "ab ab ab ab", 5)
    assert found == [(b"a", b"b"), (b" ", b"ab")]


@pytest.mark.parametrize("text", ["", "a", "a b c", "ab", "\n", "é"], ids=repr)
@pytest.mark.parametrize("specials", [[], [END]], ids=["no special token", "one"])
def test_it_ends_where_no_pair_is_left(impl, tmp_path, text, specials):
    agrees(impl, tmp_path, text, 50, specials)


def test_a_text_of_special_tokens_only(impl, tmp_path):
    assert agrees(impl, tmp_path, END * 5, 10, [END]) == []


@pytest.mark.parametrize("specials", [[], [END, "<pad>"]], ids=["no special token", "two"])
@pytest.mark.parametrize("merges", [0, 1, 2])
def test_no_room_or_little(impl, tmp_path, merges, specials):
    assert len(agrees(impl, tmp_path, "abcabcabc", merges, specials)) == merges


def test_the_path_may_be_text(impl, tmp_path):
    (tmp_path / "corpus.txt").write_text("abc abc abd")
    path = str(tmp_path / "corpus.txt")
    vocab, merges = impl.run_train_bpe(path, 300, [END])
    assert (vocab, merges) == impl.run_train_bpe(pathlib.Path(path), 300, [END])
    assert tuple(merges[0]) == (b"a", b"b")


def test_a_text_counts_however_often_it_is_split(impl, tmp_path):
    """A corpus of equal documents has the merges of one, unless a pair is counted by documents."""
    text = "to be or not to be that is the question"
    once = trained(impl, tmp_path, text, 20)
    assert trained(impl, tmp_path, END.join([text] * 7), 20, [END]) == once


@settings(max_examples=40, deadline=None, print_blob=True, database=None)
@given(text=st.text("ab c", max_size=60), merges=st.integers(0, 12))
@example(text="aaab aab", merges=12)
@example(text="abababa ababa", merges=12)
def test_any_text_over_few_letters(impl, tmp_path_factory, text, merges):
    agrees(impl, tmp_path_factory.getbasetemp(), text, merges)


@settings(max_examples=30, deadline=None, print_blob=True, database=None)
@given(text=texts.scripts_text(), merges=st.integers(0, 12))
def test_any_text_over_many_scripts(impl, tmp_path_factory, text, merges):
    agrees(impl, tmp_path_factory.getbasetemp(), text, merges)


def test_the_judge_can_fail(tmp_path):
    vocab = {place: bytes([place]) for place in range(BYTES)} | {BYTES: b"ab"}
    wrong = types.SimpleNamespace(run_train_bpe=lambda *_: (vocab, [(b"a", b"b")]))
    with pytest.raises(AssertionError, match="merge 0"):
        agrees(wrong, tmp_path, "ab\nba", 1)
    with pytest.raises(AssertionError, match="1 merges, expected 2"):
        agrees(wrong, tmp_path, "abab\nabab\nx", 3)
