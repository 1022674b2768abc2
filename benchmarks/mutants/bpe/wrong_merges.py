"""Wrong counts, ties and merges."""

from __future__ import annotations

import itertools
from collections import Counter

from benchmarks.mutants.bpe.parts import Trainer, wrong
from reference.bpe import vocabulary


@wrong
class TieToTheLeast(Trainer):
    def best(self, counts, merges):
        return min(counts, key=lambda pair: (-counts[pair], pair))


@wrong
class TieToTheFirstSeen(Trainer):
    def best(self, counts, merges):
        return max(counts, key=counts.__getitem__)


@wrong
class TieToTheLastSeen(Trainer):
    def best(self, counts, merges):
        return max(reversed(counts), key=counts.__getitem__)


@wrong
class TieByIds(Trainer):
    def best(self, counts, merges):
        ids = {bytes([value]): value for value in range(256)}
        ids.update((first + second, 256 + rank) for rank, (first, second) in enumerate(merges))
        return max(counts, key=lambda pair: (counts[pair], ids[pair[0]], ids[pair[1]]))


@wrong
class TieByJoinedBytes(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], pair[0] + pair[1]))


@wrong
class TieBySecond(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], pair[1], pair[0]))


@wrong
class TieByFirstOnly(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], pair[0]))


@wrong
class TieByLength(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], len(pair[0] + pair[1]), pair))


@wrong
class TieByText(Trainer):
    def best(self, counts, merges):
        def text(token):
            return token.decode("utf-8", errors="replace")

        return max(counts, key=lambda pair: (counts[pair], text(pair[0]), text(pair[1])))


@wrong
class TieByPrintedForm(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], repr(pair)))


@wrong
class TieBySignedBytes(Trainer):
    def best(self, counts, merges):
        def signed(token):
            return [value - 256 if value > 127 else value for value in token]

        return max(counts, key=lambda pair: (counts[pair], signed(pair[0]), signed(pair[1])))


@wrong
class CountsWordsOnce(Trainer):
    def count(self, words):
        counts = Counter()
        for word in words:
            counts.update(itertools.pairwise(word))
        return counts


@wrong
class CountsAPairOnceAWord(Trainer):
    def count(self, words):
        counts = Counter()
        for word, times in words.items():
            for pair in set(itertools.pairwise(word)):
                counts[pair] += times
        return counts


@wrong
class CountsWithoutOverlap(Trainer):
    def count(self, words):
        counts = Counter()
        for word, times in words.items():
            place = 0
            while place < len(word) - 1:
                counts[word[place : place + 2]] += times
                place += 2 if word[place + 1 : place + 3] == word[place : place + 2] else 1
        return counts


@wrong
class LastPairOfAWordForgotten(Trainer):
    def count(self, words):
        return super().count({word[:-1] if len(word) > 2 else word: times for word, times in words.items()})


@wrong
class MergesFromTheRight(Trainer):
    def merged(self, word, pair):
        mirrored = [token[::-1] for token in reversed(word)]
        out = super().merged(tuple(mirrored), (pair[1][::-1], pair[0][::-1]))
        return [token[::-1] for token in reversed(out)]


@wrong
class MergesOnceAWord(Trainer):
    def merged(self, word, pair):
        for place in range(len(word) - 1):
            if word[place : place + 2] == pair:
                return [*word[:place], pair[0] + pair[1], *word[place + 2 :]]
        return list(word)


@wrong
class EqualWordsLost(Trainer):
    """Words that become equal replace each other's count."""

    def units(self, word):
        return super().units(word.strip(" "))

    def apply(self, words, pair):
        return {tuple(self.merged(word, pair)): times for word, times in words.items()}


@wrong
class StaleCounts(Trainer):
    """Pairs that a merge makes are counted, those that it breaks are not taken away."""

    def result(self, words, size, specials):
        counts, merges = self.count(words), []
        for _ in range(self.room(size, specials)):
            if not counts:
                break
            merges.append(self.best(counts, merges))
            del counts[merges[-1]]
            words = self.apply(words, merges[-1])
            new = merges[-1][0] + merges[-1][1]
            counts.update({pair: n for pair, n in self.count(words).items() if new in pair})
        return vocabulary(specials, merges), merges


@wrong
class RunsCountedWrongly(Trainer):
    """Counts kept up to date by neighbours, which miscounts a run of one token."""

    def result(self, words, size, specials):
        counts, merges = self.count(words), []
        for _ in range(self.room(size, specials)):
            counts = +counts
            if not counts:
                break
            pair = self.best(counts, merges)
            merges.append(pair)
            for word, times in words.items():
                for place in range(len(word) - 1):
                    if word[place : place + 2] == pair:
                        counts[pair] -= times
                        if place:
                            counts[word[place - 1 : place + 1]] -= times
                            counts[(word[place - 1], pair[0] + pair[1])] += times
                        if place + 2 < len(word):
                            counts[word[place + 1 : place + 3]] -= times
                            counts[(pair[0] + pair[1], word[place + 2])] += times
            words = self.apply(words, pair)
        return vocabulary(specials, merges), merges
