"""Compiled modules and just-in-time build caches: each side its own."""

from __future__ import annotations

import subprocess

import pytest
from extension_project import extension_files
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

SUITE = """
    import os, pathlib
    from mylib import value

    def test_value(benchmark):
        with pathlib.Path(os.environ["SEEN"]).open("a") as file:
            file.write(f"{value()} {os.environ['TORCH_EXTENSIONS_DIR']} {os.environ['TRITON_CACHE_DIR']}\\n")
        benchmark(value)
"""


@pytest.fixture
def compiled(project, monkeypatch, tmp_path):
    """A project whose base says 1 and whose head, which is built in place, says 2; and what each saw."""
    seen = tmp_path / "seen"
    seen.touch()
    monkeypatch.setenv("SEEN", str(seen))
    project.write(extension_files(1))
    project.suite(SUITE)
    project.write(extension_files(2))
    command = ["gcc", "-shared", "-fPIC", "-o", "mylib/_fast.so", "mylib/_fast.c"]
    subprocess.run(command, cwd=project.root, check=True)
    return project, seen


@pytest.mark.slow
def test_each_side_has_its_own_build_and_caches(compiled):
    project, seen = compiled
    result = project.pytest(COMPARE, QUICK)
    assert "bolt: building the base (pip)" in text_of(result)
    assert [line for line in bolt_section(result) if "INCOMPARABLE" in line] == []
    sides = {line.split()[0]: line.split()[1:] for line in seen.read_text().splitlines()}
    assert set(sides) == {"1", "2"}
    folders = [folder for side in sides.values() for folder in side]
    assert len(set(folders)) == 4
    assert "building" not in text_of(project.pytest(COMPARE, QUICK))


def test_a_build_that_fails_is_refused_before_anything_is_measured(compiled):
    project, seen = compiled
    result = project.pytest(COMPARE, QUICK, "--bolt-build=echo no compiler here; exit 3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: the base could not be built", "*status*3", "*output*no compiler here", "*--bolt-build=path*"]
    )
    assert seen.read_text() == ""


def test_without_a_build_the_comparison_is_refused(compiled):
    project, _ = compiled
    result = project.pytest(COMPARE, QUICK, "--bolt-build=path")
    assert result.ret != 0
    assert "compiled" in text_of(result) + result.stderr.str()


def test_a_module_that_is_not_built_concerns_the_test_that_imports_it(compiled):
    """Imported in the test and not by the file, it keeps no other benchmark from being compared."""
    project, _ = compiled
    project.write({"mylib/__init__.py": "", "mylib/plain.py": "def work():\n    return 1\n"})
    project.suite(
        """
        from mylib.plain import work

        def test_compiled(benchmark):
            from mylib._fast import value
            benchmark(value)

        def test_plain(benchmark):
            benchmark(work)
        """
    )
    report = project.report(COMPARE, QUICK, "--bolt-build=path")
    assert report.verdicts == {"test_compiled": "incomparable", "test_plain": "inconclusive"}
    assert "is a compiled extension of the other tree" in report.comparisons["test_compiled"]["reason"]
