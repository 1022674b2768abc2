"""A byte-level BPE tokenizer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .bpe import Pair, merge
from .pretokens import split

_REMEMBERED = 1 << 16


class Tokenizer:
    """Text to token ids and back, under given merges.

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.2.

    Arguments:
        vocab: bytes of each id; every single byte and every merged token is there.
        merges: pairs in the order in which they were learnt: the earliest that occurs is merged first,
            wherever in a pre-token it stands.
        special_tokens: each encoded as one id, the longest where several begin; those that the vocabulary
            lacks get ids after its last. Without any, their text is a text like every other.

    Raises:
        ValueError: a special token is empty.
    """

    def __init__(
        self, vocab: Mapping[int, bytes], merges: Sequence[Pair], special_tokens: Sequence[str] | None = None
    ) -> None:
        self._special_tokens = list(special_tokens or ())
        self._bytes = dict(vocab)
        known = set(self._bytes.values())
        new = (token.encode() for token in self._special_tokens if token.encode() not in known)
        self._bytes.update(zip(itertools.count(max(self._bytes, default=-1) + 1), new, strict=False))
        self._ids = {token: number for number, token in self._bytes.items()}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._words: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return list(self.encode_iterable([text]))

    def encode_iterable(self, iterable: Iterable[str]) -> Iterator[int]:
        """Yield the ids of a text that comes in pieces, cut anywhere, as if it came in one.

        A piece is read when the ids before are used up; what is kept of a piece is its last pre-token.
        """
        for word, special in split(iterable, self._special_tokens):
            if special:
                yield self._ids[word.encode()]
            else:
                yield from self._word(word)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; where their bytes together are no UTF-8, U+FFFD stands.

        Raises:
            KeyError: an id that is not in the vocabulary.
        """
        return b"".join(self._bytes[number] for number in ids).decode("utf-8", errors="replace")

    def _word(self, word: str) -> list[int]:
        if word not in self._words:
            if len(self._words) >= _REMEMBERED:
                self._words.clear()
            self._words[word] = [self._ids[token] for token in self._merged(word)]
        return self._words[word]

    def _merged(self, word: str) -> list[bytes]:
        tokens = [bytes([value]) for value in word.encode()]
        while True:
            pairs = [pair for pair in set(itertools.pairwise(tokens)) if pair in self._ranks]
            if not pairs:
                return tokens
            tokens = merge(tokens, min(pairs, key=self._ranks.__getitem__))
