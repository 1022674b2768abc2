"""Vocabularies to encode with: trained on generated text, with ids that say nothing about ranks."""

from __future__ import annotations

import functools
import random

from .. import reference, texts

END = "<|endoftext|>"
SCRIPTS = ("latin", "accents", "cyrillic", "han", "emoji")
BYTES = 256


@functools.cache
def learnt(seed=0, merges=250):
    """Return merges learnt from words of several scripts."""
    text = texts.words(seed, 2500, scripts=SCRIPTS) + texts.few_letters(seed, 400, letters="ab\n")
    return tuple(reference.train_bpe_by_counting(text, BYTES + merges, [])[1])


def vocabulary(merges, specials=(), seed=0):
    """Return ids, in random order, for all bytes, merged tokens and special tokens."""
    tokens = [bytes([value]) for value in range(BYTES)]
    tokens += [first + second for first, second in merges] + [special.encode() for special in specials]
    tokens = list(dict.fromkeys(tokens))
    random.Random(seed).shuffle(tokens)
    return dict(enumerate(tokens))


class Encoder:
    """Encoding by the definition: pre-token by pre-token, merge by merge."""

    def __init__(self, vocab, merges, specials):
        self.ids = {token: number for number, token in vocab.items()}
        self.merges, self.specials = merges, specials

    def encode(self, text):
        """Return the ids of a text."""
        return [number for piece in reference.split([text], self.specials) for number in self._piece(*piece)]

    def _piece(self, word, special):
        if special:
            return [self.ids[word.encode()]]
        tokens = [bytes([value]) for value in word.encode()]
        for first, second in self.merges:
            place = 0
            while place < len(tokens) - 1:
                if (tokens[place], tokens[place + 1]) == (first, second):
                    tokens[place : place + 2] = [first + second]
                place += 1
        return [self.ids[token] for token in tokens]


class Pair:
    """The tokenizer under test beside encoding by the definition."""

    def __init__(self, impl, merges=None, specials=(), seed=0):
        merges = learnt(seed) if merges is None else merges
        self.vocab = vocabulary(merges, specials, seed)
        self.specials = list(specials)
        given = list(specials) if specials else None
        self.tokenizer = impl.get_tokenizer(dict(self.vocab), list(merges), given)
        self.encoder = Encoder(self.vocab, merges, specials)

    def agrees(self, text):
        """Encode and decode a text and hold both to the definition; return the ids."""
        ids, wanted = list(self.tokenizer.encode(text)), self.encoder.encode(text)
        assert ids == wanted, self._difference(text, ids, wanted)
        assert self.tokenizer.decode(ids) == text
        return ids

    def _difference(self, text, ids, wanted):
        """Return the first token that differs and the text that is left there."""
        place = next(
            (n for n, (one, right) in enumerate(zip(ids, wanted, strict=False)) if one != right), None
        )
        place = min(len(ids), len(wanted)) if place is None else place
        got, right = (self._token(each[place]) if place < len(each) else "none" for each in (ids, wanted))
        before = b"".join(self.vocab[number] for number in wanted[:place])
        left = text.encode()[len(before) :].decode(errors="replace")
        return f"token {place} is {got}, expected {right}, where {_shortened(left)!r} is left of the text"

    def _token(self, number):
        return repr(self.vocab[number]) if number in self.vocab else f"{number}, which is no token"

    def bytes_of(self, text):
        """Return the tokens of a text as bytes."""
        return [self.vocab[number] for number in self.agrees(text)]

    def ids_of(self, *tokens):
        """Return the ids of tokens given as bytes."""
        return [self.encoder.ids[token] for token in tokens]


def _shortened(text, most=60):
    return text if len(text) <= most else text[: most - 3] + "..."
