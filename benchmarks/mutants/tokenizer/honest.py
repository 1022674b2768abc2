"""Right, each in its own way."""

from __future__ import annotations

import functools

from benchmarks.mutants.tokenizer.parts import Student, honest
from reference.tokenizer import Tokenizer


@honest
class Plain(Student):
    """As it stands, each piece of a stream by itself."""


@honest
class EveryMergeInTurn(Student):
    def word(self, word):
        tokens = self.start(word)
        for pair in self.merges:
            tokens = self.merge(tokens, pair)
        return tokens


@honest
class CachedWords(Student):
    def __init__(self, *given):
        super().__init__(*given)
        self.word = functools.cache(super().word)


@honest
class StreamPutsTogether(Student):
    def encode_iterable(self, iterable):
        return Tokenizer(self.vocab, self.merges, self.special).encode_iterable(iterable)


@honest
class StreamBuffers(Student):
    """Reads a megabyte ahead, and cuts it at a line break."""

    def encode_iterable(self, iterable):
        buffer = ""
        for text in iterable:
            buffer += text
            cut = buffer.rfind("\n") + 1
            if len(buffer) > 1_000_000 and cut:
                yield from self.encode(buffer[:cut])
                buffer = buffer[cut:]
        yield from self.encode(buffer)
