"""randyGPT's two tokenizers: characters, and byte pairs found by counting."""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Pair = tuple[int, int]
BYTES = 256


@dataclass(frozen=True)
class CharacterTokenizer:
    """One token a character, in the order of their code points, and two more: beginning and end."""

    characters: str

    @classmethod
    def of(cls, text: str) -> CharacterTokenizer:
        """Return the tokenizer of the characters in a text."""
        return cls("".join(sorted(set(text))))

    @property
    def vocabulary(self) -> int:
        """Return the number of tokens."""
        return len(self.characters) + 2

    @property
    def beginning(self) -> int:
        """Return the token that stands before a text."""
        return len(self.characters)

    @property
    def end(self) -> int:
        """Return the token that stands behind a text."""
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text; raises KeyError for a character that is unknown."""
        return [self._places[each] for each in text]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens; beginning and end have none."""
        return "".join(self.characters[token] for token in tokens if token < len(self.characters))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {each: place for place, each in enumerate(self.characters)}


@dataclass(frozen=True)
class PairTokenizer:
    """Bytes, and the pairs that were merged: merge number n makes token 256 + n.

    Texts are cut behind every line end first: no token crosses one.
    """

    merges: tuple[Pair, ...]

    @property
    def vocabulary(self) -> int:
        """Return the number of tokens."""
        return BYTES + len(self.merges)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text: each merge in turn, wherever it applies, from the left."""
        return [token for line in text.splitlines(keepends=True) for token in self._encoded(line)]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self._spelt[token] for token in tokens).decode("utf-8", errors="replace")

    def saved(self) -> str:
        """Return the tokenizer as JSON."""
        return json.dumps({"merges": self.merges})

    @classmethod
    def loaded(cls, text: str) -> PairTokenizer:
        """Return the tokenizer that `saved` wrote."""
        return cls(tuple((int(left), int(right)) for left, right in json.loads(text)["merges"]))

    def _encoded(self, line: str) -> list[int]:
        tokens = list(line.encode())
        while True:
            known = {self._ranks[pair] for pair in pairwise(tokens) if pair in self._ranks}
            if not known:
                return tokens
            rank = min(known)
            tokens = merged(tokens, self.merges[rank], BYTES + rank)

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _spelt(self) -> list[bytes]:
        spelt = [bytes([value]) for value in range(BYTES)]
        for left, right in self.merges:
            spelt.append(spelt[left] + spelt[right])
        return spelt


def merged(tokens: Sequence[int], pair: Pair, token: int) -> list[int]:
    """Return tokens with every occurrence of a pair replaced, from the left."""
    result: list[int] = []
    for each in tokens:
        if result and (result[-1], each) == pair:
            result[-1] = token
        else:
            result.append(each)
    return result


def train_naively(text: str, vocabulary: int) -> PairTokenizer:
    """Return a tokenizer: the most frequent pair is merged, again and again, all of it counted anew.

    Of equally frequent pairs the smallest is merged. It stops early where no pair occurs twice.
    """
    lines = [list(line.encode()) for line in text.splitlines(keepends=True)]
    merges: list[Pair] = []
    while BYTES + len(merges) < vocabulary:
        counts = Counter(pair for line in lines for pair in pairwise(line))
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        lines = [merged(line, best, BYTES + len(merges)) for line in lines]
        merges.append(best)
    return PairTokenizer(tuple(merges))


def train_with_a_heap(text: str, vocabulary: int) -> PairTokenizer:
    """Return the tokenizer of `train_naively`; only what a merge touches is counted anew.

    The heap may hold counts that have changed since: they are corrected when they come up.
    """
    chain = _Chain([line.encode() for line in text.splitlines(keepends=True)])
    merges: list[Pair] = []
    while BYTES + len(merges) < vocabulary:
        best = chain.most_frequent()
        if best is None:
            break
        chain.merge(best, BYTES + len(merges))
        merges.append(best)
    return PairTokenizer(tuple(merges))


class _Chain:
    """Tokens that know their neighbours in the line, and for each pair the places of its left tokens."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.tokens = list(b"".join(lines))
        self.after = list(range(1, len(self.tokens) + 1))
        self.before = list(range(-1, len(self.tokens) - 1))
        self.places: defaultdict[Pair, set[int]] = defaultdict(set)
        start = 0
        for line in filter(None, lines):
            self.before[start] = self.after[start + len(line) - 1] = -1
            for left, pair in enumerate(pairwise(line), start):
                self.places[pair].add(left)
            start += len(line)
        self.heap = [(-len(places), pair) for pair, places in self.places.items()]
        heapq.heapify(self.heap)

    def most_frequent(self) -> Pair | None:
        """Return the most frequent pair, None where none occurs twice."""
        while self.heap:
            count, pair = heapq.heappop(self.heap)
            now = len(self.places[pair])
            if now == -count:
                return pair if now >= 2 else None
            if now:
                heapq.heappush(self.heap, (-now, pair))
        return None

    def merge(self, pair: Pair, token: int) -> None:
        """Replace a pair wherever it stands, from the left."""
        made: set[Pair] = set()
        for left in sorted(self.places.pop(pair)):
            right = self.after[left]
            if right < 0 or (self.tokens[left], self.tokens[right]) != pair:
                continue  # an overlapping pair before it took its first token
            beyond, earlier = self.after[right], self.before[left]
            self._forget(earlier, left)
            self._forget(right, beyond)
            self.tokens[left], self.tokens[right] = token, -1
            self.after[left], self.after[right] = beyond, -1
            if beyond >= 0:
                self.before[beyond] = left
            made.update((self._note(earlier, left), self._note(left, beyond)))
        for each in made - {(-1, -1)}:
            heapq.heappush(self.heap, (-len(self.places[each]), each))

    def _forget(self, left: int, right: int) -> None:
        if left >= 0 and right >= 0:
            self.places[self.tokens[left], self.tokens[right]].discard(left)

    def _note(self, left: int, right: int) -> Pair:
        if left < 0 or right < 0:
            return -1, -1
        pair = self.tokens[left], self.tokens[right]
        self.places[pair].add(left)
        return pair
