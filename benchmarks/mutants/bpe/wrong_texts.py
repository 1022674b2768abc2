"""Wrong special tokens, pre-tokens and readings of the file."""

from __future__ import annotations

import re
from collections import Counter

from benchmarks.mutants.bpe.parts import WORD, Trainer, wrong
from reference.pretokens import pretokens


@wrong
class SpecialsNotSplit(Trainer):
    def parts(self, text, specials):
        return [text]


@wrong
class SpecialsRemovedAndJoined(Trainer):
    def parts(self, text, specials):
        return ["".join(super().parts(text, specials))]


@wrong
class SpecialsBecomeSpaces(Trainer):
    def parts(self, text, specials):
        return [" ".join(super().parts(text, specials))]


@wrong
class FirstSpecialOnly(Trainer):
    def parts(self, text, specials):
        return super().parts(text, specials[:1])


@wrong
class SpecialsNotEscaped(Trainer):
    def parts(self, text, specials):
        return re.split("|".join(specials), text) if specials else [text]


@wrong
class SpecialsInAnyLetters(Trainer):
    def parts(self, text, specials):
        return re.split("|".join(map(re.escape, specials)), text, flags=re.IGNORECASE) if specials else [text]


@wrong
class EndsStripped(Trainer):
    def text(self, path):
        return super().text(path).strip()


@wrong
class NumbersOfThreeDigits(Trainer):
    def words(self, part):
        for word in pretokens(part):
            yield from re.findall(r" ?\d{1,3}", word) if re.fullmatch(r" ?\d+", word) else [word]


@wrong
class SpecialsKept(Trainer):
    def parts(self, text, specials):
        pattern = "|".join(map(re.escape, specials))
        return re.split(f"({pattern})", text) if specials else [text]


@wrong
class NoSpecialsSplitsEverywhere(Trainer):
    def parts(self, text, specials):
        return re.split("|".join(map(re.escape, specials)), text)


@wrong
class PartsStripped(Trainer):
    def parts(self, text, specials):
        return [part.strip() for part in super().parts(text, specials)]


@wrong
class FirstPartOnly(Trainer):
    def parts(self, text, specials):
        return super().parts(text, specials)[:1]


@wrong
class LastPartForgotten(Trainer):
    def parts(self, text, specials):
        found = super().parts(text, specials)
        return found[:-1] if len(found) > 1 else found


@wrong
class SpecialsNotInTheVocabulary(Trainer):
    def __call__(self, path, size, specials, **_):
        return super().__call__(path, size, specials)[0] | {}, super().__call__(path, size, [])[1]


@wrong
class SpecialsTakeNoRoom(Trainer):
    def room(self, size, specials):
        return size - 256


@wrong
class OneMergeTooFew(Trainer):
    def room(self, size, specials):
        return size - 257 - len(specials)


@wrong
class CrashesAtTheEnd(Trainer):
    def best(self, counts, merges):
        return max(counts, key=lambda pair: (counts[pair], pair))

    def count(self, words):
        counts = super().count(words)
        if not counts:
            raise ValueError("max() arg is an empty sequence")
        return counts


@wrong
class StopsAtSinglePairs(Trainer):
    def count(self, words):
        return Counter({pair: count for pair, count in super().count(words).items() if count > 1})


@wrong
class AsciiPreTokens(Trainer):
    def words(self, part):
        pattern = r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
        return re.findall(pattern, part)


@wrong
class WordsOfPython(Trainer):
    r"""`\w` and `\d` for letters and numbers: marks, other numbers and the underscore go elsewhere."""

    def words(self, part):
        return re.findall(r"'(?:[sdmt]|ll|ve|re)| ?\w+| ?[^\s\w]+|\s+(?!\S)|\s+", part)


@wrong
class DecimalDigitsOnly(Trainer):
    def words(self, part):
        return WORD.findall(part)


@wrong
class SplitAtSpaces(Trainer):
    def words(self, part):
        return part.split()


@wrong
class SpacesOnTheirOwn(Trainer):
    def words(self, part):
        return re.findall(r"\s+|\S+", part)


@wrong
class NoContractions(Trainer):
    def words(self, part):
        return [word for piece in re.split(r"(')", part) for word in pretokens(piece)]


@wrong
class SpacesNotGivenBack(Trainer):
    def words(self, part):
        return [word for piece in re.findall(r"\s+|\S+", part) for word in pretokens(piece)]


@wrong
class LowerCase(Trainer):
    def text(self, path):
        return super().text(path).lower()


@wrong
class CharactersForBytes(Trainer):
    def units(self, word):
        return tuple(character.encode() for character in word)


@wrong
class LineByLine(Trainer):
    def parts(self, text, specials):
        return [line for part in super().parts(text, specials) for line in part.split("\n")]


@wrong
class FirstKilobytes(Trainer):
    def text(self, path):
        return super().text(path)[:4096]


@wrong
class BlocksCutWords(Trainer):
    def parts(self, text, specials):
        for part in super().parts(text, specials):
            yield from (part[place : place + 1000] for place in range(0, len(part), 1000))


@wrong
class AppendsToTheSpecials(Trainer):
    def __call__(self, path, size, specials, **_):
        specials.append("<pad>")
        return super().__call__(path, size + 1, specials)


@wrong
class IdsFrom256Twice(Trainer):
    def result(self, words, size, specials):
        vocab, merges = super().result(words, size, specials)
        return {number + 1: token for number, token in vocab.items()}, merges
