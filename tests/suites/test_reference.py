from __future__ import annotations

import ast
import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import reference
from pytest_bolt.correctness import inputs
from reference.adapters import framework, manual
from reference.kernels import mode

HOME = Path(reference.__file__).parent


def test_softmax_by_hand():
    found = reference.softmax(torch.tensor([[0.0, math.log(3.0)]]), -1)
    assert found.tolist() == [[pytest.approx(0.25), pytest.approx(0.75)]]


def test_rms_norm_by_hand():
    found = reference.rms_norm(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 2.0]), eps=12.5)
    assert found.tolist() == [pytest.approx(0.6), pytest.approx(1.6)]


def test_attention_by_hand():
    q, k, v = torch.tensor([[2.0]]), torch.tensor([[0.0], [math.log(3.0) / 2]]), torch.tensor([[0.0], [4.0]])
    assert reference.attention(q, k, v).item() == pytest.approx(3.0)
    assert reference.attention(q, k, v, mask=torch.tensor([[True, False]])).item() == 0.0
    assert reference.attention(q, k, v, causal=True).item() == 0.0


def test_mask_and_causal_join():
    q, k, v = (inputs.normal(4, 8, seed=seed) for seed in range(3))
    mask = torch.ones(4, 4, dtype=torch.bool)
    mask[3, 0] = False
    both = reference.attention(q, k, v, mask=mask, causal=True)
    assert torch.allclose(both[3], reference.attention(q[3:], k[1:], v[1:])[0])
    assert torch.equal(both[0], v[0])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_of_the_input_comes_out(dtype):
    x = inputs.normal(3, 8, dtype=dtype)
    assert reference.softmax(x, -1).dtype == dtype
    assert reference.rms_norm(x, x[0], eps=1e-5).dtype == dtype
    assert reference.attention(x, x, x).dtype == dtype


def test_float64_stays_float64_inside():
    x = torch.tensor([1.0, 1.0 + 1e-12], dtype=torch.float64)
    first, second = reference.softmax(x, -1).tolist()
    assert second > first


@pytest.mark.parametrize("adapter", [framework, manual], ids=["framework", "manual"])
def test_adapters_have_the_signatures_of_the_course(adapter):
    x = inputs.normal(5, 8)
    assert adapter.run_softmax(in_features=x, dim=-1).shape == x.shape
    assert adapter.run_rmsnorm(d_model=8, eps=1e-5, weights=x[0], in_features=x).shape == x.shape
    assert adapter.run_scaled_dot_product_attention(Q=x, K=x, V=x, mask=None).shape == x.shape
    assert adapter.run_attention(x[None, None], x[None, None], x[None, None], causal=True).shape == (
        1,
        1,
        5,
        8,
    )


@pytest.mark.parametrize("path", sorted(HOME.rglob("*.py")), ids=lambda path: str(path.relative_to(HOME)))
def test_the_package_names_itself_nowhere(path):
    """Installed it has another name: only relative imports work under both."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not [
            name for name in modules if str(name).split(".")[0] in {"reference", "suites", "pytest_bolt"}
        ]


def test_references_and_suites_run_under_their_installed_names(tmp_path):
    suites = importlib.import_module("suites")
    for package, installed in ((reference, "pytest_bolt_reference"), (suites, "pytest_bolt_suites")):
        (tmp_path / installed).symlink_to(Path(package.__file__).parent)
    code = (
        "import sys, pytest_bolt_suites as s, pytest_bolt_reference.adapters.triton as t\n"
        "print(s.reference.__name__, t.__name__, 'reference' in sys.modules)"
    )
    path = os.pathsep.join([str(tmp_path), str(HOME.parent)])
    command = [sys.executable, "-c", code]
    out = subprocess.check_output(command, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})
    assert out.split() == ["pytest_bolt_reference", "pytest_bolt_reference.adapters.triton", "False"]


@pytest.mark.parametrize(
    ("columns", "tile"), [(1, 1), (2, 2), (3, 4), (4096, 4096), (4097, 4096), (10**6, 4096)]
)
def test_a_tile_is_a_power_of_two(columns, tile):
    assert mode.tile(columns) == tile


def test_the_interpreter_is_chosen_only_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    mode.choose()
    assert "TRITON_INTERPRET" not in os.environ
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    mode.choose()
    assert os.environ["TRITON_INTERPRET"] == "1"
    monkeypatch.setenv("TRITON_INTERPRET", "0")
    mode.choose()
    assert os.environ["TRITON_INTERPRET"] == "0"


@pytest.mark.skipif(torch.cuda.is_available(), reason="the interpreter is for machines without a GPU")
def test_the_interpreter_stores_float32_and_the_caller_rounds():
    x = inputs.normal(2, 3, dtype=torch.bfloat16)
    assert mode.interpreted()
    assert mode.output_like(x).dtype == torch.float32
