"""Encoding: how fast, for text that repeats its words and for text that does not."""

from __future__ import annotations

import random

import pytest

from .. import texts
from .vocabularies import END, SCRIPTS, Pair

pytestmark = pytest.mark.bolt(operation="get_tokenizer")


def never_the_same(count):
    """Return words of random letters: no cache of words helps."""
    rng = random.Random(3)
    return " ".join("".join(rng.choices("etaoins", k=rng.randint(3, 14))) for _ in range(count))


TEXTS = {
    "words": lambda: texts.words(1, 2000, scripts=SCRIPTS),
    "new words": lambda: never_the_same(1000),
    "special tokens": lambda: texts.with_specials(texts.words(2, 1000), [END], 1),
}


@pytest.mark.parametrize("name", TEXTS)
def test_encode_speed(bolt, impl, name):
    pair = Pair(impl, specials=[END])
    text = TEXTS[name]()
    pair.agrees(text)
    bolt.measure(pair.tokenizer.encode, args=(text,), bytes=len(text.encode()))


def test_decode_speed(bolt, impl):
    pair = Pair(impl, specials=[END])
    ids = pair.agrees(texts.words(1, 4000, scripts=SCRIPTS))
    bolt.measure(pair.tokenizer.decode, args=(ids,), bytes=8 * len(ids))
