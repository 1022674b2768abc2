"""The suites find the mistakes that students make; each is an adapter of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import suites

HOME = Path(suites.__file__).parent
WIRING = """
from pytest_bolt.matrix import generate
from pytest_bolt.fixtures import device, dtype, impl
import os, pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "bolt(operation, dtypes): of pytest-bolt")

def pytest_generate_tests(metafunc):
    generate(metafunc, adapters=os.environ["ADAPTERS"].split(os.pathsep), devices=["cpu"])
"""
SOFTMAX = {
    "right": "return torch.softmax(x, dim)",
    "ignores_dim": "return torch.softmax(x, -1)",
    "one_global_maximum": "e = (x.float() - x.float().max()).exp(); return (e / e.sum(dim, keepdim=True)).to(x.dtype)",
    "eps_in_denominator": "e = (x.float() - x.float().amax(dim, keepdim=True)).exp(); return (e / (e.sum(dim, keepdim=True) + 1e-4)).to(x.dtype)",
    "naive": "e = x.float().exp(); return (e / e.sum(dim, keepdim=True)).to(x.dtype)",
    "mutates_its_input": "x -= x.amax(dim, keepdim=True) if x.numel() else 0; return torch.softmax(x, dim)",
    "returns_float32": "return torch.softmax(x.float(), dim)",
    "half_inside": "return torch.softmax(x.half(), dim).to(x.dtype)",
    "its_own_dtype_inside": "e = (x - x.amax(dim, keepdim=True)).exp() if x.numel() else x; return e / e.sum(dim, keepdim=True)",
    "hides_nan": "return torch.softmax(x, dim).nan_to_num(0.0)",
    "zeros": "return torch.zeros_like(x)",
    "never_writes": "return torch.empty_like(x)",
    "ignores_strides": "return torch.softmax(x.as_strided(x.shape, torch.empty(x.shape).stride()), dim)",
    "last_answer": "global last; old, last = globals().get('last'), torch.softmax(x, dim); return old if old is not None and old.shape == x.shape else last",
}
RMSNORM = {
    "right": "return F.rms_norm(x, (d_model,), weights, eps)",
    "no_upcast": "return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weights",
    "eps_outside_the_root": "return (x.float() / (x.float().square().mean(-1, keepdim=True).sqrt() + eps) * weights).to(x.dtype)",
    "eps_hard_coded": "return F.rms_norm(x, (d_model,), weights, 1e-5)",
    "eps_absent": "return F.rms_norm(x, (d_model,), weights, 0.0)",
    "sum_for_mean": "return (x.float() * torch.rsqrt(x.float().square().sum(-1, keepdim=True) + eps) * weights).to(x.dtype)",
    "returns_float32": "return F.rms_norm(x.float(), (d_model,), weights.float(), eps)",
    "no_weight": "return F.rms_norm(x, (d_model,), None, eps)",
    "subtracts_the_mean": "return F.rms_norm(x - x.mean(-1, keepdim=True), (d_model,), weights, eps)",
}
ATTENTION = {
    "right": "return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)",
    "scaled_by_dv": "return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask, scale=V.shape[-1] ** -0.5)",
    "needs_a_mask": "return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask & True)",
    "ignores_the_mask": "return F.scaled_dot_product_attention(Q, K, V)",
    "leaky_mask": "m = None if mask is None else torch.where(mask, 0.0, -20.0).to(Q.dtype); return F.scaled_dot_product_attention(Q, K, V, attn_mask=m)",
    "inverted_mask": "return F.scaled_dot_product_attention(Q, K, V, attn_mask=None if mask is None else ~mask)",
    "mask_after_softmax": "p = torch.softmax(Q.float() @ K.float().mT / Q.shape[-1] ** 0.5, -1); return ((p if mask is None else p * mask) @ V.float()).to(Q.dtype)",
    "softmax_over_queries": "s = Q.float() @ K.float().mT / Q.shape[-1] ** 0.5; s = s if mask is None else s.masked_fill(~mask, -1e30); return (torch.softmax(s, -2) @ V.float()).to(Q.dtype)",
    "hides_later_keys": "m = torch.ones(Q.shape[-2], K.shape[-2], dtype=torch.bool).tril(); return F.scaled_dot_product_attention(Q, K, V, attn_mask=m if mask is None else m & mask)",
}
CASES = {
    "softmax": ("run_softmax(x, dim)", SOFTMAX),
    "rmsnorm": ("run_rmsnorm(d_model, eps, weights, x)", RMSNORM),
    "attention": ("run_scaled_dot_product_attention(Q, K, V, mask=None)", ATTENTION),
}


@pytest.mark.slow
@pytest.mark.parametrize("operation", CASES)
def test_every_mistake_fails_and_only_mistakes(tmp_path, operation):
    signature, bodies = CASES[operation]
    (tmp_path / "wiring.py").write_text(WIRING)
    for name, body in bodies.items():
        text = "import torch\nimport torch.nn.functional as F\n\ndef {}:\n    {}\n"
        (tmp_path / f"{name}.py").write_text(text.format(signature, body))
    output = run_suite(operation, tmp_path, bodies)
    failed = {name for name in bodies if re.search(rf"^FAILED \S+\[{name}-", output, re.MULTILINE)}
    passed = {name for name in bodies if re.search(rf"^PASSED \S+\[{name}-", output, re.MULTILINE)}
    assert "right" in passed, output
    assert failed == set(bodies) - {"right"}


def run_suite(operation, folder, names):
    """Run a correctness suite in a process of its own, over one adapter a name."""
    adapters = ":".join(str(folder / f"{name}.py") for name in names)
    plugins = ("-p", "wiring", "-p", "no:bolt", "-p", "no:cacheprovider", "-p", "no:xdist")
    where = str(HOME / operation / f"test_{operation}_correct.py")
    # Hypothesis shrinks every failure, which takes long; the other two need functions that are not here.
    chosen = "not any_tensor and not any_shape and not can_fail and not causal and not later_tokens"
    command = [sys.executable, "-m", "pytest", *plugins, "-q", "--tb=no", "-rpf", "-k", chosen, where]
    environment = {"PYTHONPATH": f"{folder}:{HOME.parent}", "ADAPTERS": adapters, "PATH": "/usr/bin:/bin"}
    options = ["-c", "/dev/null", "--rootdir", str(HOME.parent)]
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    ).stdout
