from __future__ import annotations

import subprocess
import sys

import pytest

import reference.adapters.triton  # noqa: F401 - pytester unloads what is first imported inside it; torch cannot bear that
from pytest_bolt.errors import BoltError
from pytest_bolt.matrix import available_devices, resolve_devices, resolve_dtypes

WIRING = """
import pytest
from pytest_bolt.errors import BoltError
from pytest_bolt.matrix import generate
from pytest_bolt.fixtures import device, dtype, impl

def pytest_configure(config):
    config.addinivalue_line("markers", "bolt(operation, dtypes): of pytest-bolt")

def pytest_addoption(parser):
    for name in ("adapter", "device", "dtype"):
        parser.addoption(f"--{name}", action="append", default=[])

def pytest_generate_tests(metafunc):
    option = metafunc.config.option
    try:
        generate(metafunc, adapters=option.adapter, devices=option.device, dtypes=option.dtype)
    except BoltError as error:
        raise pytest.UsageError(str(error)) from None
"""
CPU = "--device=cpu"
BUNDLED = ("framework", "manual", "triton")


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a function that runs a test file in a project of adapters; each adapter says its name."""
    pytester.makepyfile(wiring=WIRING)
    monkeypatch.syspath_prepend(pytester.path)
    text = "def run_name(): return {!r}\n"
    for name in ("a/mine", "b/mine", "other"):
        path = pytester.path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(name))

    def run(source, *options, folder="checks"):
        place = pytester.path / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "test_it.py").write_text(source)
        plugins = (
            "-p",
            "wiring",
            *(f"-pno:{name}" for name in ("bolt", "cacheprovider", "hypothesispytest")),
        )
        return pytester.runpytest_inprocess(*plugins, "-v", "--strict-markers", folder, *options)

    return run


def names(result):
    return [line.split("::", 1)[1].split(" ")[0] for line in result.outlines if "::" in line and "%" in line]


def test_ids_are_readable_and_values_are_torch(project):
    result = project(
        """
import torch
def test_all(impl, device, dtype):
    assert impl.run_name() == "other"
    assert isinstance(device, torch.device) and isinstance(dtype, torch.dtype)
""",
        "--adapter=other.py",
        CPU,
    )
    result.assert_outcomes(passed=2)
    assert names(result) == ["test_all[other-cpu-float32]", "test_all[other-cpu-bfloat16]"]


def test_equal_stems_get_distinct_ids(project):
    source = "def test_all(impl): assert impl.run_name()[0] in 'ab'"
    result = project(source, "--adapter=a/mine.py", "--adapter=b/mine.py")
    result.assert_outcomes(passed=2)
    assert names(result) == ["test_all[a.mine]", "test_all[b.mine]"]


def test_only_what_is_asked_for_is_parametrised(project):
    result = project("def test_plain(): pass\ndef test_device(device): pass", CPU)
    assert names(result) == ["test_plain", "test_device[cpu]"]


def test_a_fixture_that_asks_counts(project):
    source = """
import pytest
@pytest.fixture(scope="module")
def model(device, dtype): return device, dtype
def test_model(model): assert model[0].type == "cpu"
"""
    assert names(project(source, CPU, "--dtype=bf16")) == ["test_model[cpu-bfloat16]"]


@pytest.mark.parametrize("name", ["impl", "device", "dtype"])
def test_a_users_own_fixture_wins(project, name):
    source = f"""
import pytest
@pytest.fixture
def {name}(): return "own"
def test_own({name}): assert {name} == "own"
"""
    assert names(project(source)) == ["test_own"]


@pytest.mark.parametrize("argnames", ['"device"', '"size, device"', '["device", "size"]'])
def test_direct_parametrisation_wins(project, argnames):
    values = '["x"]' if argnames == '"device"' else '[("x", "x")]'
    source = f"""
import pytest
@pytest.mark.parametrize({argnames}, {values})
@pytest.mark.parametrize(argnames="dtype", argvalues=["y"])
def test_direct(device, dtype{"" if argnames == '"device"' else ", size"}): assert (device, dtype) == ("x", "y")
"""
    project(source).assert_outcomes(passed=1)


def test_indirect_parametrisation_goes_through_the_fixture(project):
    source = """
import pytest
@pytest.mark.parametrize("dtype", ["z"], indirect=True)
def test_indirect(dtype): assert dtype == "z"
"""
    project(source).assert_outcomes(passed=1)


def test_a_marker_narrows_the_dtypes(project):
    source = """
import pytest
pytestmark = pytest.mark.bolt(dtypes=("fp32", "fp16"))
def test_module(dtype): pass
@pytest.mark.bolt(dtypes="float64")
def test_closest(dtype): pass
"""
    assert names(project(source)) == ["test_module[float32]", "test_module[float16]", "test_closest[float64]"]
    asked = project(source, "--dtype=fp16", "--dtype=bf16")
    assert names(asked)[0] == "test_module[float16]"
    asked.assert_outcomes(passed=1, skipped=1)


def test_bundled_adapters_without_the_operation_are_left_out(project, pytester, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "suites"]:
        monkeypatch.delitem(sys.modules, name)
    source = """
import pytest
@pytest.mark.bolt(operation="run_softmax")
def test_softmax(impl): assert impl.run_softmax
@pytest.mark.bolt(operation="run_linear")
def test_linear(impl): assert impl.run_linear
"""
    pytester.mkpydir("suites")
    result = project(source, folder="suites")
    assert set(names(result)) == {
        *(f"test_softmax[{name}]" for name in BUNDLED),
        *(f"test_linear[{name}]" for name in BUNDLED[:2]),
    }


def test_a_given_adapter_without_the_operation_fails_with_the_message(project):
    source = """
import pytest
@pytest.mark.bolt(operation="run_nam")
def test_it(impl): impl.run_nam()
"""
    result = project(source, "--adapter=other.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*adapter other has no function run_nam*", "*-> did you mean run_name?*"])


def test_no_implementation_is_a_clear_error(project, monkeypatch):
    monkeypatch.setattr("pytest_bolt.matrix.bundled", lambda package: ())
    result = project("def test_it(impl): pass")
    output = (result.stdout.str() + result.stderr.str()).splitlines()
    start = next(place for place, line in enumerate(output) if "no implementation to test" in line)
    assert [line.removeprefix("E").strip() for line in output[start + 1 : start + 5]] == [
        "test              checks/test_it.py::test_it",
        "operation         not named by a marker",
        "shipped adapters  none",
        "-> give one with --bolt-adapter=FILE",
    ]


def test_every_device_of_the_machine():
    assert available_devices()[0] == "cpu"
    assert resolve_devices(available_devices()) == available_devices()


def test_a_kind_of_device_stands_for_all_of_it(monkeypatch):
    monkeypatch.setattr("pytest_bolt.matrix.available_devices", lambda: ("cpu", "cuda:0", "cuda:1"))
    assert resolve_devices(["cuda"]) == ("cuda:0", "cuda:1")
    assert resolve_devices(["cuda:1", "cpu", "cuda:1"]) == ("cuda:1", "cpu")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("cuda:7", "did you mean cuda:0?"), ("neuron", "leave the option out to use every device")],
)
def test_an_absent_device_is_named_with_what_there_is(monkeypatch, name, advice):
    monkeypatch.setattr("pytest_bolt.matrix.available_devices", lambda: ("cpu", "cuda:0"))
    with pytest.raises(BoltError) as caught:
        resolve_devices([name])
    assert str(caught.value).splitlines() == [
        "no such device",
        f"  asked for         {name}",
        "  this machine has  cpu, cuda:0",
        f"  -> {advice}",
    ]


def test_short_dtype_names():
    assert resolve_dtypes(["bf16", "FP16", "fp32", "torch.float64"]) == (
        "bfloat16",
        "float16",
        "float32",
        "float64",
    )
    assert resolve_dtypes(["bf16", "bfloat16"]) == ("bfloat16",)


def test_an_unknown_dtype_is_named():
    with pytest.raises(BoltError) as caught:
        resolve_dtypes(["bflot16"])
    assert caught.value.what == "unknown dtype"
    assert caught.value.seen["asked for"] == "bflot16"
    assert "bfloat16" in str(caught.value.seen["known"])
    assert caught.value.advice == "did you mean bfloat16?"
    with pytest.raises(BoltError) as without:
        resolve_dtypes(["int4"])
    assert without.value.seen["asked for"] == "int4"


def test_importing_the_matrix_imports_no_tensors():
    code = "import sys, pytest_bolt.matrix, pytest_bolt.fixtures; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
