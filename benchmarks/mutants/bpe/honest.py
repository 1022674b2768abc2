"""Right, each in its own way."""

from __future__ import annotations

import heapq

from benchmarks.mutants.bpe.parts import Trainer, honest
from reference.bpe import train_bpe


@honest
class Plain(Trainer):
    """As it stands."""


@honest
class BytesFirst(Trainer):
    def result(self, words, size, specials):
        _, merges = super().result(words, size, specials)
        tokens = [*(bytes([value]) for value in range(256)), *(a + b for a, b in merges)]
        return dict(enumerate([*tokens, *(token.encode() for token in specials)])), merges


@honest
class Sorted(Trainer):
    def best(self, counts, merges):
        ordered = sorted(counts.items(), key=lambda item: (item[1], item[0]))
        return ordered[-1][0]


@honest
class MergesAsLists(Trainer):
    def result(self, words, size, specials):
        vocab, merges = super().result(words, size, specials)
        return vocab, [list(pair) for pair in merges]


@honest
class Heap(Trainer):
    """A heap of all pairs, built anew for every merge."""

    def best(self, counts, merges):
        most = max(counts.values())
        return heapq.nlargest(1, (pair for pair, count in counts.items() if count == most))[0]


@honest
class SmallChunks(Trainer):
    def __call__(self, path, size, specials, **_):
        return train_bpe(path, size, specials, chunk=7)
