"""BPE training: how fast, and how much faster than by its definition."""

from __future__ import annotations

import pytest

from .. import reference, texts

pytestmark = pytest.mark.bolt(operation="run_train_bpe")
END = "<|endoftext|>"
CORPORA = {"40 kB, 50 merges": (7000, 50), "200 kB, 300 merges": (35000, 300)}


@pytest.mark.parametrize("name", CORPORA)
def test_bpe_speed(bolt, impl, tmp_path, name):
    count, merges = CORPORA[name]
    text = texts.words(1, count)
    path = tmp_path / "corpus.txt"
    path.write_text(text)
    size = 257 + merges
    _, found = impl.run_train_bpe(path, size, [END])
    assert found == reference.train_bpe(path, size, [END])[1]
    bolt.measure(impl.run_train_bpe, args=(path, size, [END]), bytes=len(text.encode()))


def test_bpe_speed_against_counting_anew(bolt, tmp_path):
    text = texts.words(2, 3000)
    path = tmp_path / "corpus.txt"
    path.write_text(text)
    assert reference.train_bpe(path, 320, [END]) == reference.train_bpe_by_counting(text, 320, [END])
    bolt.speedup(
        lambda: reference.train_bpe(path, 320, [END]),
        lambda: reference.train_bpe_by_counting(text, 320, [END]),
    )
