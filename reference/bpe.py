"""Training of a byte-level BPE vocabulary."""

from __future__ import annotations

import heapq
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from .pretokens import split

Pair: TypeAlias = tuple[bytes, bytes]
Vocabulary: TypeAlias = dict[int, bytes]

BYTES = 256
CHUNK = 1 << 20


def train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: Sequence[str], *, chunk: int = CHUNK
) -> tuple[Vocabulary, list[Pair]]:
    """Return the vocabulary and the merges of a text.

    Again and again the most frequent pair of neighbours becomes one token, of equally frequent ones the
    greatest pair of bytes: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword
    Units", 2016, section 3.2, over bytes and inside pre-tokens. Occurrences of a pair are counted where they
    overlap, and merged from the left. It ends where the vocabulary is full or no pair is left.

    Arguments:
        input_path: a text in UTF-8; bytes that are none are replaced by U+FFFD. It is read `chunk` characters
            at a time: memory grows with the number of different pre-tokens only.
        vocab_size: special tokens, the 256 bytes, and merges.
        special_tokens: they divide the text, and take no part in counting.
        chunk: characters.

    Returns:
        The vocabulary, in that order from 0 on, and the merges in the order in which they were made.
    """
    words = count_pretokens(input_path, special_tokens, chunk=chunk)
    merges = list(itertools.islice(_Merger(words), max(0, vocab_size - BYTES - len(special_tokens))))
    return vocabulary(special_tokens, merges), merges


def count_pretokens(
    input_path: str | os.PathLike[str], special_tokens: Sequence[str], *, chunk: int = CHUNK
) -> Counter[str]:
    """Return how often each pre-token occurs in a text that need not fit into memory."""
    with open(input_path, encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123 - any path
        chunks = iter(lambda: file.read(chunk), "")
        return Counter(word for word, special in split(chunks, special_tokens) if not special)


def vocabulary(special_tokens: Sequence[str], merges: Sequence[Pair]) -> Vocabulary:
    """Return special tokens, bytes and merged tokens, numbered in this order."""
    special = [token.encode() for token in special_tokens]
    single = [bytes([value]) for value in range(BYTES)]
    return dict(enumerate([*special, *single, *(first + second for first, second in merges)]))


def merge(tokens: Sequence[bytes], pair: Pair) -> list[bytes]:
    """Return `tokens` with each occurrence of `pair`, from the left, made one token."""
    first, second = pair
    merged: list[bytes] = []
    place, last = 0, len(tokens) - 1
    while place <= last:
        if place < last and tokens[place] == first and tokens[place + 1] == second:
            merged.append(first + second)
            place += 2
        else:
            merged.append(tokens[place])
            place += 1
    return merged


class _Merger:
    """The merges of a text, one after another.

    The pairs wait in a heap. A count that changes is pushed anew; an entry that no longer tells the count of
    its pair is dropped when it comes up.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self._words = [[bytes([value]) for value in word.encode()] for word in words]
        self._times = list(words.values())
        self._counts: Counter[Pair] = Counter()
        self._places: defaultdict[Pair, set[int]] = defaultdict(set)
        for index in range(len(self._words)):
            self._count(index, 1)
        self._heap = [self._entry(pair) for pair in self._counts]
        heapq.heapify(self._heap)

    def __iter__(self) -> Iterator[Pair]:
        while self._heap:
            negative, _, pair = heapq.heappop(self._heap)
            if self._counts.get(pair) == -negative:
                self._merge(pair)
                yield pair

    def _merge(self, pair: Pair) -> None:
        changed: set[Pair] = set()
        for index in self._places.pop(pair):
            changed.update(self._count(index, -1))
            self._words[index] = merge(self._words[index], pair)
            changed.update(self._count(index, 1))
        for each in changed:
            if self._counts[each]:
                heapq.heappush(self._heap, self._entry(each))
            else:
                del self._counts[each]

    def _count(self, index: int, sign: int) -> list[Pair]:
        """Add a word's pairs to the counts, or take them away; return them."""
        word = self._words[index]
        pairs = list(itertools.pairwise(word))
        for pair in pairs:
            self._counts[pair] += sign * self._times[index]
            if sign > 0:
                self._places[pair].add(index)
        return pairs

    def _entry(self, pair: Pair) -> tuple[int, tuple[str, str], Pair]:
        return -self._counts[pair], (_descending(pair[0]), _descending(pair[1])), pair


def _descending(token: bytes) -> str:
    """Return a text that compares as `token` does, but the other way round; a prefix comes after."""
    return token.translate(_INVERTED).decode("latin-1") + _AFTER_ALL


_INVERTED = bytes(range(BYTES - 1, -1, -1))
_AFTER_ALL = chr(BYTES)
