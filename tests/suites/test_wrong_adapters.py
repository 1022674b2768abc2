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


@pytest.mark.slow
@pytest.mark.parametrize("suite", with_variants())
def test_every_wrong_variant_is_caught_and_every_honest_one_accepted(tmp_path, suite):
    assert judged(tmp_path, suite) == {
        each.name: "accepted" if each.honest else "caught" for each in variants_of(suite)
    }


@pytest.mark.slow
def test_a_function_that_was_compiled_is_accepted(tmp_path):
    assert judged(tmp_path, "linear", "--compiled") == {"compiled": "accepted"}


def judged(folder, suite, *options):
    """Return what became of each variant of a suite."""
    table = folder / "variants.csv"
    command = [sys.executable, "-m", "benchmarks.mutants", suite, *options, f"--csv={table}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return {row["variant"]: row["verdict"] for row in csv.DictReader(table.read_text().splitlines())}


@pytest.mark.parametrize("suite", with_variants())
def test_every_suite_with_variants_has_wrong_and_honest_ones(suite):
    variants = variants_of(suite)
    assert (ROOT / "suites" / suite).is_dir()
    assert any(each.honest for each in variants)
    assert any(not each.honest for each in variants)
