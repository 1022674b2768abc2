"""Training of a byte-level BPE vocabulary as it is defined: every pair counted anew for every merge.

Slow, and short enough to be read: what the quick one in `bpe` is held to.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .bpe import BYTES, Pair, Vocabulary, merge, vocabulary
from .pretokens import split


def train_bpe_by_counting(
    text: str, vocab_size: int, special_tokens: Sequence[str]
) -> tuple[Vocabulary, list[Pair]]:
    """Return the vocabulary and the merges of a text; see `bpe.train_bpe`."""
    pretokens = Counter(word for word, special in split([text], special_tokens) if not special)
    words = {tuple(bytes([value]) for value in word.encode()): count for word, count in pretokens.items()}
    merges: list[Pair] = []
    for _ in range(vocab_size - BYTES - len(special_tokens)):
        counts = pair_counts(words.items())
        if not counts:
            break
        merges.append(max(counts, key=lambda pair: (counts[pair], pair)))
        words = _merged(words, merges[-1])
    return vocabulary(special_tokens, merges), merges


def pair_counts(words: Iterable[tuple[Sequence[bytes], int]]) -> Counter[Pair]:
    """Return how often each pair of neighbours occurs in words that occur so often."""
    counts: Counter[Pair] = Counter()
    for word, times in words:
        for pair in itertools.pairwise(word):
            counts[pair] += times
    return counts


def _merged(words: Mapping[tuple[bytes, ...], int], pair: Pair) -> dict[tuple[bytes, ...], int]:
    merged: Counter[tuple[bytes, ...]] = Counter()
    for word, times in words.items():
        merged[tuple(merge(word, pair))] += times
    return dict(merged)
