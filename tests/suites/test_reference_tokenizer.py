from __future__ import annotations

import itertools
import tracemalloc
import unicodedata

import pytest

import reference
from reference.adapters import manual
from reference.bpe import count_pretokens, merge
from reference.bpe_by_counting import pair_counts
from reference.pretokens import pattern
from suites import texts

END = "<|endoftext|>"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("Hello world", ["Hello", " world"]),
        ("we'll they'd it's I've", ["we", "'ll", " they", "'d", " it", "'s", " I", "'ve"]),
        ("it'S 'tis 'llama", ["it", "'", "S", " '", "tis", " '", "llama"]),
        ("'sun", ["'s", "un"]),
        ("a1b22", ["a", "1", "b", "22"]),
        ("x_y", ["x", "_", "y"]),
        ("a  b", ["a", " ", " b"]),
        ("a   ", ["a", "   "]),
        ("a\n\nb", ["a", "\n", "\n", "b"]),
        ("a \t b", ["a", " \t", " b"]),
        ("3.14!?", ["3", ".", "14", "!?"]),
        ("été ñandú", ["été", " ñandú"]),
        ("дом 42", ["дом", " 42"]),
        ("日本語です", ["日本語です"]),
        ("한국어 9", ["한국어", " 9"]),
        ("שלום!", ["שלום", "!"]),
        ("٣٤ب", ["٣٤", "ب"]),
        ("Ⅷ½x", ["Ⅷ½", "x"]),
        ("e\u0301a", ["e", "\u0301", "a"]),  # a mark is no letter
        ("क्ष", ["क", "्", "ष"]),
        ("ﬁ ǅ ʰ", ["ﬁ", " ǅ", " ʰ"]),
        ("🙂🙂a", ["🙂🙂", "a"]),
        ("\U0001d49c\U0001d7d7", ["\U0001d49c", "\U0001d7d7"]),
        ("a\u00a0b", ["a", "\u00a0", "b"]),  # only U+0020 joins the word after it
        ("a\u3000 b", ["a", "\u3000", " b"]),
        ("a\x1cb", ["a", "\x1c", "b"]),  # a separator that Python's isspace knows and Unicode does not
        ("a \x1cb", ["a", " \x1c", "b"]),
        ("a\u200bb", ["a", "\u200b", "b"]),
    ],
)
def test_pretokens_by_hand(text, wanted):
    assert list(reference.pretokens(text)) == wanted


def test_letters_and_numbers_are_those_of_unicode():
    for code in itertools.chain(range(0x20, 0x3000), range(0x10000, 0x10400), range(0x1D400, 0x1D800)):
        character = chr(code)
        kind = unicodedata.category(character)[0]
        joined = [len(list(reference.pretokens(before + character))) == 1 for before in ("a", "1")]
        assert joined == [kind == "L", kind == "N"], hex(code)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_a_text_may_be_cut_anywhere(size):
    specials = [END, END + END, "ab", "'"]
    text = texts.with_specials(texts.words(1, 150, scripts=tuple(texts.SCRIPTS)), specials, 2)
    chunks = [text[place : place + size] for place in range(0, len(text), size)]
    assert list(reference.split(chunks, specials)) == list(reference.split([text], specials))
    assert "".join(piece for piece, _ in reference.split(chunks, specials)) == text


def test_an_empty_special_token_is_an_error():
    with pytest.raises(ValueError, match="a special token is empty"):
        list(reference.split(["a"], ["", "b"]))


def test_the_quick_trainer_is_the_slow_one(tmp_path):
    for seed in range(6):
        text = texts.few_letters(seed, 400, letters="abé") + texts.words(seed, 200, scripts=("latin", "han"))
        text = texts.with_specials(text, [END], seed)
        (tmp_path / "text").write_text(text, newline="")
        slow = reference.train_bpe_by_counting(text, 320, [END])
        assert reference.train_bpe(tmp_path / "text", 320, [END]) == slow
        assert reference.train_bpe(tmp_path / "text", 320, [END], chunk=5) == slow


def test_special_tokens_then_bytes_then_merges(tmp_path):
    (tmp_path / "text").write_text("abab")
    vocab, merges = manual.run_train_bpe(tmp_path / "text", 259, [END])
    assert (vocab[0], vocab[1], vocab[256], vocab[257]) == (END.encode(), b"\0", b"\xff", b"ab")
    assert merges == [(b"a", b"b"), (b"ab", b"ab")]


def test_bytes_that_are_no_text_are_replaced(tmp_path):
    (tmp_path / "text").write_bytes(b"ab\xff\xfe ab")
    assert count_pretokens(tmp_path / "text", []) == {"ab": 1, "\ufffd\ufffd": 1, " ab": 1}


def test_line_breaks_are_kept_as_they_are(tmp_path):
    (tmp_path / "text").write_bytes(b"a\r\nb")
    assert count_pretokens(tmp_path / "text", []) == {"a": 1, "\r": 1, "\n": 1, "b": 1}


def test_memory_grows_with_the_words_and_not_with_the_text(tmp_path):
    line = texts.words(1, 200)
    with (tmp_path / "text").open("w") as file:
        for _ in range(600):
            file.write(line + END)
    pattern()  # is made once, and is no part of the text
    tracemalloc.start()
    count_pretokens(tmp_path / "text", [END], chunk=1 << 11)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (tmp_path / "text").stat().st_size / 4


def test_merging_from_the_left():
    assert merge([b"a"] * 5, (b"a", b"a")) == [b"aa", b"aa", b"a"]
    assert merge([], (b"a", b"a")) == []
    assert pair_counts([([b"a"] * 3, 2)]) == {(b"a", b"a"): 4}


def test_special_tokens_that_the_vocabulary_lacks_are_added():
    vocab = {value: bytes([value]) for value in range(256)}
    tokenizer = reference.Tokenizer(vocab, [], ["<a>", "<b>"])
    assert tokenizer.encode("<b>x<a>") == [257, 120, 256]
    assert tokenizer.decode([257, 256]) == "<b><a>"
    assert len(vocab) == 256


def test_an_unknown_id_is_an_error():
    with pytest.raises(KeyError):
        reference.Tokenizer({0: b"a"}, []).decode([1])


def test_pieces_are_put_together():
    vocab = dict(enumerate([*(bytes([value]) for value in range(256)), b"ab", b"  ", END.encode()]))
    tokenizer = reference.Tokenizer(vocab, [(b"a", b"b"), (b" ", b" ")], [END])
    pieces = ["a", "b  ", " x<|end", "", "oftext|>"]
    assert list(tokenizer.encode_iterable(pieces)) == [256, 257, 32, 120, 258]
