"""BPE training, in parts: a right implementation that variants replace pieces of."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

from benchmarks.mutants.registry import Variants
from reference.bpe import vocabulary
from reference.pretokens import pretokens

VARIANTS = Variants("bpe")


WORD = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class Trainer:
    """A right trainer, in parts that variants replace."""

    def __call__(self, path, size, specials, **_):
        words = Counter()
        for part in self.parts(self.text(path), specials):
            words.update(self.units(word) for word in self.words(part))
        return self.result(words, size, specials)

    def result(self, words, size, specials):
        merges = []
        for _ in range(self.room(size, specials)):
            counts = self.count(words)
            if not counts:
                break
            pair = self.best(counts, merges)
            merges.append(pair)
            words = self.apply(words, pair)
        return vocabulary(specials, merges), merges

    def text(self, path):
        return Path(path).read_bytes().decode()

    def parts(self, text, specials):
        ordered = sorted(specials, key=len, reverse=True)
        return re.split("|".join(map(re.escape, ordered)), text) if specials else [text]

    def words(self, part):
        return pretokens(part)

    def units(self, word):
        return tuple(bytes([value]) for value in word.encode())

    def room(self, size, specials):
        return size - 256 - len(specials)

    def count(self, words):
        counts = Counter()
        for word, times in words.items():
            for pair in itertools.pairwise(word):
                counts[pair] += times
        return counts

    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], pair))

    def apply(self, words, pair):
        merged = Counter()
        for word, times in words.items():
            merged[tuple(self.merged(word, pair))] += times
        return merged

    def merged(self, word, pair):
        out, place = [], 0
        while place < len(word):
            if word[place : place + 2] == pair:
                out.append(pair[0] + pair[1])
                place += 2
            else:
                out.append(word[place])
                place += 1
        return out


def wrong(cls):
    VARIANTS.wrong_set(cls.__name__, run_train_bpe=cls())
    return cls


def honest(cls):
    VARIANTS.honest_set(cls.__name__, run_train_bpe=cls())
    return cls
