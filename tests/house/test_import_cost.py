"""An installed plugin that is not asked for costs nothing: checked in fresh interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PYTEST_AND_ITS_NEEDS = {"_pytest", "iniconfig", "packaging", "pluggy", "py", "pygments", "pytest"}
HEAVY = {"alembic", "git", "jinja2", "numpy", "sqlalchemy", "torch", "triton"}


def modules_after(code: str) -> set[str]:
    """The top-level names that a fresh interpreter has loaded after running `code`."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_the_plugin_imports_the_standard_library_and_pytest_only():
    new = modules_after("import pytest_bolt.plugin") - modules_after("")
    foreign = new - sys.stdlib_module_names - PYTEST_AND_ITS_NEEDS - {"pytest_bolt"}
    assert "pytest_bolt" in new
    assert foreign == set()


def test_importing_the_package_alone_loads_no_pytest():
    assert "pytest" not in modules_after("import pytest_bolt")


SPY = """
import atexit, json, sys

started = []
sys.addaudithook(
    lambda event, _: started.append(event)
    if event in {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}
    else None
)

@atexit.register
def tell():
    heavy = sorted({name.partition(".")[0] for name in sys.modules})
    open("seen.json", "w").write(json.dumps({"started": started, "modules": heavy}))
"""


@pytest.mark.parametrize(
    "arguments", [[], ["-k", "nothing"], ["--collect-only"]], ids=["run", "none", "collect"]
)
def test_an_idle_run_starts_no_process_and_loads_nothing_heavy(tmp_path, arguments):
    (tmp_path / "spy.py").write_text(SPY)
    (tmp_path / "test_empty.py").write_text("def test_empty():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "spy", "-p", "pytest_bolt.plugin", *arguments]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environ = os.environ | {"PYTHONPATH": path, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert "pytest_bolt" in seen["modules"], done.stdout
    assert seen["started"] == []
    assert HEAVY.isdisjoint(seen["modules"])
