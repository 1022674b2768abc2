from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reference.adapters import framework
from reference.adapters.fast import building

ROOT = Path(__file__).parents[2]
SOURCE = "int answer(void) { return 42; }\n"
needs_compiler = pytest.mark.skipif(not building.compiler(), reason="no C compiler here")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "tree" / "answer.c"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def in_a_fresh_interpreter(code, **environ):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environ,
    )
    return done.stdout.strip()


@needs_compiler
def test_a_build_is_kept_outside_of_the_tree(source, tmp_path, monkeypatch):
    first = building.built(source, tmp_path / "cache")
    assert [each.name for each in source.parent.iterdir()] == ["answer.c"]
    assert [each.name for each in (tmp_path / "cache").iterdir()] == [first.name]
    made = first.stat().st_mtime_ns
    assert building.built(source, tmp_path / "cache").stat().st_mtime_ns == made


@needs_compiler
def test_other_sources_and_other_torches_are_other_builds(source, tmp_path, monkeypatch):
    names = {building.built(source, tmp_path).name}
    source.write_text(SOURCE.replace("42", "43"))
    names.add(building.built(source, tmp_path).name)
    monkeypatch.setattr(torch, "__version__", "another")
    names.add(building.built(source, tmp_path).name)
    assert len(names) == 3


@needs_compiler
def test_processes_that_build_at_once_do_not_meet(source, tmp_path):
    code = f"""
import ctypes, pathlib
from reference.adapters.fast import building
path = building.built(pathlib.Path({str(source)!r}), pathlib.Path({str(tmp_path / "cache")!r}))
print(ctypes.CDLL(str(path)).answer())
"""
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate()[0].strip() for each in both] == ["42", "42"]
    assert len(list((tmp_path / "cache").iterdir())) == 1


@needs_compiler
def test_what_the_compiler_says_is_told(source, tmp_path):
    source.write_text("int answer(void) { return forty_two; }\n")
    with pytest.raises(RuntimeError, match=r"the C compiler failed: .*\n(.|\n)*forty_two"):
        building.built(source, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_a_compiler_it_says_so(source, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RuntimeError, match=r"answer\.c has to be compiled, and no C compiler was found"):
        building.built(source, tmp_path)


def test_a_compiler_that_cannot_be_started(source, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    with pytest.raises(RuntimeError, match="the C compiler cannot be started"):
        building.built(source, tmp_path)


def test_builds_lie_where_torch_or_the_user_keeps_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", "/x")
    assert building.cache_folder() == Path("/x/pytest-bolt")
    monkeypatch.delenv("TORCH_EXTENSIONS_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/y")
    assert building.cache_folder() == Path("/y/pytest-bolt/kernels")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/z")
    assert building.cache_folder() == Path("/z/.cache/pytest-bolt/kernels")


def test_without_a_compiler_the_adapter_offers_less_and_says_why():
    code = "from reference.adapters import fast; print(sorted(n for n in vars(fast) if n[:4] == 'run_'), fast.MISSING)"
    told = in_a_fresh_interpreter(code, CC="no-such-compiler")
    assert told.startswith(
        "['run_gdn_prefill', 'run_gdn_prefill_differentiable'] {'run_gdn_decode': 'no C compiler"
    )


def test_importing_builds_nothing():
    code = """
import sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event == "subprocess.Popen" else None)
import torch
before = len(started)
import reference.adapters.fast
print(len(started) - before)
"""
    assert in_a_fresh_interpreter(code) == "0"


@needs_compiler
def test_what_the_compiled_rows_do_not_take_torch_does():
    from reference.adapters import fast

    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    for given in (x.double(), x.half(), x[:0]):
        weight = given.new_ones(8)
        assert torch.equal(
            fast.run_rmsnorm(8, 1e-5, weight, given), framework.run_rmsnorm(8, 1e-5, weight, given)
        )
    leaf = x.clone().requires_grad_()
    fast.run_rmsnorm(8, 1e-5, torch.ones(8), leaf).sum().backward()
    assert leaf.grad is not None
