"""What the tokenizer suite says of ids that differ."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reference.adapters import manual
from suites.tokenizer.vocabularies import END, Pair

MERGES = [(b"a", b"b"), (b"ab", b"ab")]
TEXT = "ab abab " + 40 * "ab "


def changing(ids):
    """Return an implementation whose ids are changed by a function before it gives them."""

    def get_tokenizer(vocab, merges, special_tokens):
        right = manual.get_tokenizer(vocab, merges, special_tokens)
        return SimpleNamespace(encode=lambda text: ids(right.encode(text)), decode=right.decode)

    return SimpleNamespace(get_tokenizer=get_tokenizer)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (
            lambda right: [*right[:2], 10**6, *right[3:]],
            "token 2 is 1000000, which is no token, expected b'abab'",
        ),
        (lambda right: [*right[:2], right[0], *right[3:]], "token 2 is b'ab', expected b'abab'"),
        (lambda right: right[:2], "token 2 is none, expected b'abab'"),
        (lambda right: [*right, right[0]], "is b'ab', expected none, where '' is left"),
    ],
)
def test_the_first_token_that_differs_is_named(ids, said):
    with pytest.raises(AssertionError) as failed:
        Pair(changing(ids), MERGES, [END]).agrees(TEXT)
    message = str(failed.value).splitlines()[0]
    assert said in message
    assert len(message) < 160
    if "expected b'abab'" in said:
        assert "where 'abab ab ab" in message
