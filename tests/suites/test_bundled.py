from __future__ import annotations

from pathlib import Path

import pytest

import suites
from pytest_bolt.bundled import suite_arguments
from pytest_bolt.errors import BoltError
from pytest_bolt.settings import parse_seeds

HOME = Path(suites.__file__).parent


def test_names_become_folders():
    assert suite_arguments(["softmax,rmsnorm", "attention"]) == [
        str(HOME / name) for name in ("softmax", "rmsnorm", "attention")
    ]
    assert suite_arguments(["all"]) == [str(HOME)]


def test_a_group_names_its_dtype_unless_one_is_chosen():
    dtype, *folders = suite_arguments(["cs336"])
    assert dtype == "--bolt-dtype=float32"
    assert str(HOME / "softmax") in folders
    assert suite_arguments(["cs336"], dtype=False) == folders


def test_a_group_with_a_suite_of_any_dtype_chooses_none():
    assert not [word for word in suite_arguments(["cs336", "softmax"]) if word.startswith("--")]


def test_every_suite_of_a_group_is_there():
    assert not [
        path for path in suite_arguments(["cs336"], dtype=False) if not Path(path, "__init__.py").exists()
    ]


def test_an_unknown_suite():
    with pytest.raises(BoltError, match="unknown suite 'cs335'"):
        suite_arguments(["cs335"])


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", (7,)), ("0-3, 9,2", (0, 1, 2, 3, 9)), ("5-5", (5,)), ("", ())]
)
def test_seeds(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["x", "-1", "3-1", "1-2-3", "0-100000", "1.5"])
def test_what_is_no_seed(text):
    with pytest.raises(BoltError, match="is no"):
        parse_seeds(text)
