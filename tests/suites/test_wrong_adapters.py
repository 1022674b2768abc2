"""Every suite rejects its wrong implementations and accepts its honest ones; each is an adapter of its own."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import suites
from benchmarks.mutants.__main__ import suites as with_variants
from benchmarks.mutants.__main__ import variants_of

ROOT = Path(suites.__file__).parent.parent


DELICATE = ("attention", "bdh", "gdn_prefill", "rmsnorm", "softmax", "transformer")
"""Suites whose variants differ most; those of all suites take `python -m benchmarks.mutants` minutes."""
QUICK = ("attention", "rmsnorm", "softmax")
"""Those of them whose honest variants run every test in seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("suite", DELICATE)
def test_every_wrong_variant_is_caught(tmp_path, suite):
    assert judged(tmp_path, suite, "--wrong-only") == {
        each.name: "caught" for each in variants_of(suite) if not each.honest
    }


@pytest.mark.slow
@pytest.mark.parametrize("suite", QUICK)
def test_every_honest_variant_is_accepted(tmp_path, suite):
    assert judged(tmp_path, suite, "--honest-only") == {
        each.name: "accepted" for each in variants_of(suite) if each.honest
    }


@pytest.mark.slow
def test_a_function_that_was_compiled_is_accepted(tmp_path):
    assert judged(tmp_path, "linear", "--compiled") == {"compiled": "accepted"}


def judged(folder, suite, option):
    """Return what became of each variant of a suite."""
    table = folder / "variants.csv"
    command = [sys.executable, "-m", "benchmarks.mutants", suite, option, f"--csv={table}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return {row["variant"]: row["verdict"] for row in csv.DictReader(table.read_text().splitlines())}


@pytest.mark.parametrize("suite", with_variants())
def test_every_suite_with_variants_has_wrong_and_honest_ones(suite):
    variants = variants_of(suite)
    assert (ROOT / "suites" / suite).is_dir()
    assert any(each.honest for each in variants)
    assert any(not each.honest for each in variants)
