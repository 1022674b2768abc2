"""Texts that depend on a seed alone: words of several scripts, and alphabets that make byte pairs tie."""

from __future__ import annotations

import random

from hypothesis import strategies as st

SCRIPTS = {
    "latin": "etaoinshrdlu",
    "accents": "éàüñßøçœ",
    "greek": "αβγδεζηθ",
    "cyrillic": "абвгдежз",
    "hebrew": "אבגדהוזח",
    "arabic": "ابتثجحخد",
    "devanagari": "कखगघचछजझ",
    "han": "一二三人大中国日",
    "hangul": "가나다라마바사아",
    "emoji": "🙂🚀🌍🧪🎲🦊",
}
SPACES = (" ", " ", " ", " ", "  ", "\n", "\n\n", "\t", "\u00a0", " \n ")
MARKS = (".", ",", "!", "?!", " - ", "...", "'", '"', "(", "'s", "'ll", "'ve", "'S", "$", "_", "@")
NUMBERS = ("7", "42", "1999", "3.14", "½", "٣", "Ⅷ", "x2")


def words(seed, count, *, scripts=("latin",)):
    """Return a text of `count` words, of which some come often and most seldom."""
    rng = random.Random(seed)
    known = [
        "".join(rng.choice(SCRIPTS[script]) for _ in range(rng.randint(1, 7)))
        for script in scripts
        for _ in range(max(4, count // (8 * len(scripts))))
    ]
    rng.shuffle(known)
    weights = [1 / (rank + 1) for rank in range(len(known))]
    parts = []
    for word in rng.choices(known, weights, k=count):
        kind = rng.random()
        parts.append(rng.choice(NUMBERS) if kind < 0.05 else rng.choice((word, word.capitalize(), word)))
        parts.append((rng.choice(MARKS) if kind > 0.85 else "") + rng.choice(SPACES))
    return "".join(parts)


def few_letters(seed, count, *, letters="ab", spaces=" "):
    """Return a text over a tiny alphabet: full of runs, overlaps and pairs of equal frequency."""
    rng = random.Random(seed)
    return "".join(rng.choice(letters + letters + spaces) for _ in range(count))


def with_specials(text, specials, seed, *, every=12):
    """Return the text with special tokens put in at random, also beside each other and inside of words."""
    rng = random.Random(seed)
    places = sorted(rng.randrange(len(text) + 1) for _ in range(len(text) // every + 2))
    parts, before = [], 0
    for place in places:
        parts += [text[before:place], rng.choice(list(specials)) * rng.choice((1, 1, 2))]
        before = place
    return "".join([*parts, text[before:]])


def any_text(most=40):
    """Return a strategy for any text that UTF-8 can hold."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=most)


def scripts_text(most=40):
    """Return a strategy for texts whose characters every version of Unicode classifies alike."""
    alphabet = "".join(SCRIPTS.values()) + "".join(SPACES) + "".join(MARKS) + "".join(NUMBERS)
    return st.text(st.sampled_from(sorted(set(alphabet))), max_size=most)
