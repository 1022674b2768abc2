"""Wrong decoding and wrong streams."""

from __future__ import annotations

import functools

from benchmarks.mutants.tokenizer.parts import Student, wrong


@wrong
class DecodesPerToken(Student):
    def decode(self, ids):
        return "".join(self.vocab[number].decode("utf-8", errors="replace") for number in ids)


@wrong
class DecodesStrictly(Student):
    def decode(self, ids):
        return b"".join(self.vocab[number] for number in ids).decode()


@wrong
class DecodesIgnoring(Student):
    def decode(self, ids):
        return b"".join(self.vocab[number] for number in ids).decode("utf-8", errors="ignore")


@wrong
class DecodesBackslashes(Student):
    def decode(self, ids):
        return b"".join(self.vocab[number] for number in ids).decode("utf-8", errors="backslashreplace")


@wrong
class DecodesStripped(Student):
    def decode(self, ids):
        return super().decode(ids).strip()


@wrong
class DecodesWithoutSpecials(Student):
    def decode(self, ids):
        hidden = {special.encode() for special in self.special}
        return super().decode([number for number in ids if self.vocab[number] not in hidden])


@wrong
class DecodesLatin(Student):
    def decode(self, ids):
        return b"".join(self.vocab[number] for number in ids).decode("latin-1")


@wrong
class DecodesWithoutIdZero(Student):
    def decode(self, ids):
        return super().decode([number for number in ids if number])


@wrong
class StreamReadsAll(Student):
    def encode_iterable(self, iterable):
        yield from self.encode("".join(iterable))


@wrong
class StreamIsAList(Student):
    def encode_iterable(self, iterable):
        return iter([number for text in iterable for number in self.encode(text)])


@wrong
class StreamStrips(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            yield from self.encode(text.strip())


@wrong
class StreamStripsLineBreaks(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            yield from self.encode(text.rstrip("\n"))


@wrong
class StreamForgetsSpecials(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            for word in self.words(text):
                yield from (self.ids[token] for token in self.word(word))


@wrong
class StreamSkipsBlankLines(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            if text.strip():
                yield from self.encode(text)


@wrong
class StreamYieldsLists(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            yield self.encode(text)


@wrong
class StreamLosesTheLast(Student):
    def encode_iterable(self, iterable):
        before = None
        for text in iterable:
            if before is not None:
                yield from self.encode(before)
            before = text


@wrong
class StreamAddsLineBreaks(Student):
    def encode_iterable(self, iterable):
        for text in iterable:
            yield from self.encode(text if text.endswith("\n") else text + "\n")


@wrong
class StreamStopsAtAnEmptyPiece(Student):
    def encode_iterable(self, iterable):
        for text in iter(functools.partial(next, iter(iterable), ""), ""):
            yield from self.encode(text)


@wrong
class StreamNeedsAList(Student):
    def encode_iterable(self, iterable):
        for place in range(len(iterable)):
            yield from self.encode(iterable[place])


@wrong
class StreamShared(Student):
    buffer = ""

    def encode_iterable(self, iterable):
        for text in iterable:
            self.buffer += text
            cut = max(0, self.buffer.rfind(" "))
            ready, self.buffer = self.buffer[:cut], self.buffer[cut:]
            yield from self.encode(ready)
        yield from self.encode(self.buffer)
        self.buffer = ""
