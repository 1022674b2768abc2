"""Encoding and decoding, in parts: a right implementation that variants replace pieces of."""

from __future__ import annotations

import itertools
import re

from benchmarks.mutants.registry import Variants
from reference.pretokens import pretokens

VARIANTS = Variants("tokenizer")


class Student:
    """A right tokenizer in the words of a student, in parts that variants replace."""

    def __init__(self, vocab, merges, special_tokens=None):
        self.vocab = vocab
        self.merges = [tuple(pair) for pair in merges]
        self.special = self.ordered(special_tokens or [])
        self.ids = {token: number for number, token in vocab.items()}
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}

    def ordered(self, special):
        return sorted(special, key=len, reverse=True)

    def parts(self, text):
        if not self.special:
            return [text]
        return re.split(f"({'|'.join(map(re.escape, self.special))})", text)

    def encode(self, text):
        ids = []
        for part in self.parts(text):
            if part in self.special:
                ids.append(self.ids[part.encode()])
            else:
                for word in self.words(part):
                    ids += [self.ids[token] for token in self.word(word)]
        return ids

    def words(self, part):
        return pretokens(part)

    def word(self, word):
        tokens = self.start(word)
        while True:
            pair = self.best(tokens)
            if pair is None:
                return tokens
            tokens = self.merge(tokens, pair)

    def start(self, word):
        return [bytes([value]) for value in word.encode()]

    def best(self, tokens):
        pairs = [pair for pair in itertools.pairwise(tokens) if pair in self.ranks]
        return min(pairs, key=self.ranks.__getitem__, default=None)

    def merge(self, tokens, pair):
        out, place = [], 0
        while place < len(tokens):
            if tuple(tokens[place : place + 2]) == pair:
                out.append(pair[0] + pair[1])
                place += 2
            else:
                out.append(tokens[place])
                place += 1
        return out

    def encode_iterable(self, iterable):
        for text in iterable:
            yield from self.encode(text)

    def decode(self, ids):
        return b"".join(self.vocab[number] for number in ids).decode("utf-8", errors="replace")


def wrong(cls):
    VARIANTS.wrong_set(cls.__name__, get_tokenizer=cls)
    return cls


def honest(cls):
    VARIANTS.honest_set(cls.__name__, get_tokenizer=cls)
    return cls
