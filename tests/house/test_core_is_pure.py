"""What the import contracts cannot see: the core has no hidden source of randomness and no mutable data."""

from __future__ import annotations

import ast

import pytest
from project_tree import project_files, relative

# The running state of the plan's generator, which never leaves it; everything it hands out is frozen.
STATE = {"pytest_bolt/core/control.py", "pytest_bolt/core/looks.py", "pytest_bolt/core/progress.py"}
CORE = [path for path in project_files(".py") if relative(path).startswith("pytest_bolt/core/")]
SEEDED = {"Random", "default_rng", "SeedSequence", "PCG64"}
DATA_MARKS = {"frozen", "slots", "kw_only"}
POSITIONAL_UNITS = {"BatchTime", "IterationTime"}


def unseeded(tree: ast.AST) -> list[str]:
    """Uses of `random` and `numpy.random` that are not a generator made from a seed."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"random", "numpy.random"}:
            found += [alias.name for alias in node.names if alias.name not in SEEDED | {"Generator"}]
        if isinstance(node, ast.Attribute) and "random" in {
            getattr(node.value, "id", ""),
            getattr(node.value, "attr", ""),
        }:
            found += [node.attr] if node.attr not in SEEDED | {"Generator"} else []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found += [f"{name}()"] if name in SEEDED and not node.args and not node.keywords else []
    return found


def test_every_random_source_in_the_core_has_a_seed():
    assert CORE
    found = {relative(path): uses for path in CORE if (uses := unseeded(ast.parse(path.read_text())))}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import random\nx = random.random()",
        "import random\nx = random.Random()",
        "from random import shuffle",
        "import numpy as np\nx = np.random.normal()",
        "import numpy as np\nx = np.random.default_rng()",
    ],
)
def test_an_unseeded_source_is_noticed(source):
    assert unseeded(ast.parse(source))


def keywords_of(node: ast.ClassDef) -> set[str] | None:
    """The true keywords of a class's @dataclass, None where it has none."""
    for mark in node.decorator_list:
        name = getattr(getattr(mark, "func", mark), "id", "")
        if name == "dataclass":
            keywords = mark.keywords if isinstance(mark, ast.Call) else []
            return {word.arg or "" for word in keywords if getattr(word.value, "value", False) is True}
    return None


def loose_classes(tree: ast.AST) -> list[str]:
    """The public dataclasses that are not frozen, slotted and keyword-only."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            wanted = DATA_MARKS - ({"kw_only"} if node.name in POSITIONAL_UNITS else set())
            marks = keywords_of(node)
            found += [node.name] if marks is not None and not wanted <= marks else []
    return found


def test_public_data_in_the_core_is_frozen_slotted_and_named():
    data = [path for path in CORE if relative(path) not in STATE]
    found = {relative(path): names for path in data if (names := loose_classes(ast.parse(path.read_text())))}
    assert found == {}


def test_a_mutable_dataclass_is_noticed():
    assert loose_classes(ast.parse("@dataclass\nclass Point:\n    x: int")) == ["Point"]
