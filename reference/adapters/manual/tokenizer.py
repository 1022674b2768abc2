"""From text to token ids."""

from __future__ import annotations

import os
from typing import Any

from ...bpe import Pair, Vocabulary, train_bpe
from ...tokenizer import Tokenizer


def run_train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: list[str], **kwargs: Any
) -> tuple[Vocabulary, list[Pair]]:
    """Return the vocabulary and the merges of the text at `input_path`; `kwargs` go unused."""
    del kwargs
    return train_bpe(input_path, vocab_size, special_tokens)


def get_tokenizer(
    vocab: Vocabulary, merges: list[Pair], special_tokens: list[str] | None = None
) -> Tokenizer:
    """Return a tokenizer with `encode`, `decode` and `encode_iterable`."""
    return Tokenizer(vocab, merges, special_tokens)
