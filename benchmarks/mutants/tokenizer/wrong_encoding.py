"""Wrong merges, pre-tokens and special tokens."""

from __future__ import annotations

import itertools
import re

from benchmarks.mutants.tokenizer.parts import Student, wrong


@wrong
class RightmostMerge(Student):
    def merge(self, tokens, pair):
        for place in range(len(tokens) - 2, -1, -1):
            if tuple(tokens[place : place + 2]) == pair:
                return [*tokens[:place], pair[0] + pair[1], *tokens[place + 2 :]]
        return tokens


@wrong
class LongestTokenFirst(Student):
    def word(self, word):
        data, out = word.encode(), []
        while data:
            size = next(size for size in range(len(data), 0, -1) if data[:size] in self.ids)
            out.append(data[:size])
            data = data[size:]
        return out


@wrong
class LeftmostPairFirst(Student):
    def best(self, tokens):
        return next((pair for pair in itertools.pairwise(tokens) if pair in self.ranks), None)


@wrong
class LatestMergeFirst(Student):
    def best(self, tokens):
        pairs = [pair for pair in itertools.pairwise(tokens) if pair in self.ranks]
        return max(pairs, key=self.ranks.__getitem__, default=None)


@wrong
class RankedByIds(Student):
    def best(self, tokens):
        pairs = [pair for pair in itertools.pairwise(tokens) if pair in self.ranks]
        return min(pairs, key=lambda pair: self.ids[pair[0] + pair[1]], default=None)


@wrong
class OnePassOverThePairs(Student):
    def word(self, word):
        tokens = self.start(word)
        pair = self.best(tokens)
        return tokens if pair is None else self.merge(tokens, pair)


@wrong
class MergesOnceEach(Student):
    def word(self, word):
        tokens = self.start(word)
        for pair in self.merges:
            for place in range(len(tokens) - 1):
                if tuple(tokens[place : place + 2]) == pair:
                    tokens = [*tokens[:place], pair[0] + pair[1], *tokens[place + 2 :]]
                    break
        return tokens


@wrong
class AnyPairInTheVocabulary(Student):
    def best(self, tokens):
        pairs = [pair for pair in itertools.pairwise(tokens) if pair[0] + pair[1] in self.ids]
        return min(pairs, key=lambda pair: self.ids[pair[0] + pair[1]], default=None)


@wrong
class NoPreTokens(Student):
    def words(self, part):
        return [part] if part else []


@wrong
class AsciiPreTokens(Student):
    def words(self, part):
        pattern = r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
        return re.findall(pattern, part)


@wrong
class SpacesOnTheirOwn(Student):
    def words(self, part):
        return re.findall(r"\s+|\S+", part)


@wrong
class SpacesLost(Student):
    def words(self, part):
        return part.split()


@wrong
class SpecialsAsGiven(Student):
    def ordered(self, special):
        return list(special)


@wrong
class SpecialsShortestFirst(Student):
    def ordered(self, special):
        return sorted(special, key=len)


@wrong
class SpecialsByAlphabet(Student):
    def ordered(self, special):
        return sorted(special)


@wrong
class SpecialsNotEscaped(Student):
    def parts(self, text):
        return re.split(f"({'|'.join(self.special)})", text) if self.special else [text]


@wrong
class SpecialsInAnyLetters(Student):
    def parts(self, text):
        if not self.special:
            return [text]
        names = {special.lower(): special for special in self.special}
        found = re.split(f"({'|'.join(map(re.escape, self.special))})", text, flags=re.IGNORECASE)
        return [names.get(part.lower(), part) for part in found]


@wrong
class WholeWordsFirst(Student):
    def word(self, word):
        return [word.encode()] if word.encode() in self.ids else super().word(word)


@wrong
class SpecialsForgotten(Student):
    def parts(self, text):
        return [text]


@wrong
class SpecialsDropped(Student):
    def parts(self, text):
        return [part for part in super().parts(text) if part not in self.special]


@wrong
class SpecialsWithoutTheSpacesRound(Student):
    def parts(self, text):
        return [part if part in self.special else part.strip(" ") for part in super().parts(text)]


@wrong
class OneSpecialATextOnly(Student):
    def parts(self, text):
        if not self.special:
            return [text]
        return re.split(f"({'|'.join(map(re.escape, self.special))})", text, maxsplit=1)


@wrong
class SpecialsInTheWayOfNone(Student):
    def __init__(self, vocab, merges, special_tokens=None):
        super().__init__(vocab, merges, list(special_tokens))


@wrong
class EndOfTextIsAlwaysSpecial(Student):
    def __init__(self, vocab, merges, special_tokens=None):
        super().__init__(vocab, merges, [*(special_tokens or []), "<|endoftext|>"])
        self.ids.setdefault(b"<|endoftext|>", 0)


@wrong
class SpecialsMerged(Student):
    def encode(self, text):
        return [self.ids[t] for part in self.parts(text) for w in self.words(part) for t in self.word(w)]


@wrong
class CharactersForBytes(Student):
    def start(self, word):
        return [character.encode() for character in word]


@wrong
class UnknownBytesSkipped(Student):
    def start(self, word):
        return [bytes([value]) for value in word.encode("ascii", errors="ignore")]


@wrong
class NormalisedText(Student):
    def encode(self, text):
        import unicodedata

        return super().encode(unicodedata.normalize("NFC", text))


@wrong
class LineBreaksTranslated(Student):
    def encode(self, text):
        return super().encode(text.replace("\r\n", "\n"))


@wrong
class CacheOfAllTokenizers(Student):
    memory = {}

    def word(self, word):
        if word not in self.memory:
            self.memory[word] = super().word(word)
        return self.memory[word]


@wrong
class CacheByStrippedWord(Student):
    def __init__(self, *given):
        super().__init__(*given)
        self.memory = {}

    def word(self, word):
        key = word.strip() or word
        if key not in self.memory:
            self.memory[key] = super().word(word)
        return self.memory[key]
