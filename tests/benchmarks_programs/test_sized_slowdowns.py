"""Slowdowns by an extra copy and by a slower algorithm: equal results, and as much of it as was asked for."""

from __future__ import annotations

import ast
import math
import types

import pytest

from benchmarks import projects, sizing
from benchmarks.direct_timing import Size, calls, ratio
from benchmarks.python_slowdowns import OTHER_WAYS, PIECE, items_taken, with_copies, with_other_way
from benchmarks.sample_library.workloads import WORKLOADS
from benchmarks.torch_slowdowns import OPERATIONS, REPEATS, SHARES, Subject, repeats_and_slow, subjects
from benchmarks.variants import slowdown

FEW = 7


def source_of(name):
    path = f"sample_library/{WORKLOADS[name][0].__module__.rpartition('.')[2]}.py"
    return projects.generated("identical", 0).base[path]


def module_of(text):
    module = types.ModuleType("changed")
    exec(compile(text, "changed", "exec"), vars(module))
    return module


class CountedBuffer(bytes):
    """A buffer that adds up how much of it was copied."""

    copied = 0

    def __getitem__(self, piece):
        found = super().__getitem__(piece)
        CountedBuffer.copied += len(found)
        return found


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("count", [1, PIECE - 1, PIECE, 3 * PIECE + 5])
def test_a_copy_is_of_that_many_bytes_and_changes_no_result(name, count):
    function, items = WORKLOADS[name]
    module = module_of(with_copies(source_of(name), name, count))
    module._BUFFER = CountedBuffer(module._BUFFER)
    CountedBuffer.copied = 0
    assert getattr(module, name)(items()) == function(items())
    assert CountedBuffer.copied == count


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_a_slower_way_gives_equal_results_however_many_items_take_it(name):
    function, items = WORKLOADS[name]
    taken = items_taken(source_of(name), name)
    expected = function(items())
    for count in (1, FEW, taken):
        text = with_other_way(source_of(name), name, count)
        assert OTHER_WAYS[name].new in text
        assert getattr(module_of(text), name)(items()) == expected


def test_as_many_items_as_asked_for_take_the_slower_way():
    class Number(int):
        powers = products = 0

        def __mul__(self, other):
            Number.products += 1
            return int(self) * int(other)

        def __pow__(self, other):
            Number.powers += 1
            return int(self) ** other

    module = module_of(with_other_way(source_of("squares"), "squares", FEW))
    module.squares([Number(3)] * 200)
    assert (Number.powers, Number.products) == (FEW, 100 - FEW)


def test_a_function_without_a_loop_over_its_items_is_refused():
    with pytest.raises(ValueError, match="padded has no loop over its items"):
        with_other_way(source_of("padded"), "padded", FEW)


def test_a_loop_that_was_rewritten_is_refused():
    text = source_of("squares").replace("item * item", "item * 1 * item")
    with pytest.raises(ValueError, match="the loop of squares does not hold its usual way once"):
        with_other_way(text, "squares", FEW)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.25, 1 / 3, 0.5, 0.77, 1.0])
def test_a_share_of_calls_is_near_what_was_asked_for(share):
    calls_, slow = repeats_and_slow(share)
    assert 1 <= slow <= calls_ <= 16
    assert slow / calls_ == pytest.approx(share, rel=0.05, abs=1 / 16)
    assert repeats_and_slow(0.5) == (2, 1)


@pytest.mark.parametrize("name", ["test_speed[squares]", "test_softmax_speed[framework-cpu-float32-64x512]"])
def test_what_the_adapter_does_not_run_is_no_subject(name):
    with pytest.raises(ValueError, match="is no benchmark of the adapter `manual`"):
        Subject.of(name)


def test_the_subjects_are_the_speed_tests_of_the_shipped_suites():
    pytest.importorskip("torch")
    from suites.attention import test_attention_speed
    from suites.rmsnorm import test_rmsnorm_speed
    from suites.softmax import test_softmax_speed

    modules = {
        "softmax": test_softmax_speed,
        "rmsnorm": test_rmsnorm_speed,
        "attention": test_attention_speed,
    }
    for operation, name in OPERATIONS.items():
        seen = [Subject.of(subject) for subject in subjects(operation)]
        assert {subject.operation for subject in seen} == {name}
        assert {subject.shape for subject in seen} == set(modules[name].SHAPES)
        assert len(set(seen)) == len(seen) == len(modules[name].SHAPES) * (4 if name == "attention" else 2)


def adapter(project, side, imported):
    return imported(getattr(project, side), "reference", "adapters.manual")


@pytest.mark.parametrize("variant", ["copy-10-in-3", "algorithm-10-in-3"])
def test_both_sides_of_a_shipped_slowdown_compute_the_same_as_before(variant, tmp_path):
    torch = pytest.importorskip("torch")
    names = projects.subjects("shipped", variant, 0)
    project = projects.shipped(variant, 0, dict.fromkeys(names, SHARES // 2))
    plain = projects.shipped("identical", 0)
    x = {
        shape: torch.linspace(-3, 3, math.prod(shape)).reshape(shape)
        for shape in ((64, 512), (1, 4, 128, 64))
    }
    answers = []
    for serial, files in enumerate((plain.base, project.base, project.head)):
        manual = written(files, tmp_path / str(serial))
        rows, blocks = x.values()
        answers.append(
            (
                manual.run_softmax(rows, -1),
                manual.run_rmsnorm(512, 1e-5, torch.ones(512), rows),
                manual.run_attention(blocks, blocks, blocks, causal=True),
                manual.run_attention(blocks, blocks, blocks, causal=False),
            )
        )
    for changed in answers[1:]:
        for before, after in zip(answers[0], changed, strict=True):
            torch.testing.assert_close(after, before)


def written(files, folder):
    """Import the adapter of a project, as direct timing does."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    import importlib
    import sys

    kept = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] in {"suites", "reference"}
    }
    for name in kept:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("reference.adapters.manual")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] in {"suites", "reference"}]:
            del sys.modules[name]
        sys.modules.update(kept)


def amounts_of(text):
    """The table of the changed adapter, as (operation, shape) -> cell of its first dtype."""
    table = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_AMOUNTS"
    )
    return [ast.literal_eval(cell) for rows in table.values for cell in rows.values]


def test_only_the_head_copies():
    names = projects.subjects("shipped", "copy-5", 0)
    elements = {name: Subject.of(name).elements for name in names}
    project = projects.shipped("copy-5", 0, {name: 3 * count // 2 for name, count in elements.items()})
    assert amounts_of(project.base[projects.MANUAL]) == [(REPEATS, 0, 0)] * len(names)
    head = amounts_of(project.head[projects.MANUAL])
    assert [times * count for _usual, times, count in head] == [3 * count // 2 for count in elements.values()]
    assert all(count <= most for (_usual, _times, count), most in zip(head, elements.values(), strict=True))


def test_as_many_calls_are_made_on_both_sides_and_some_of_the_heads_are_slow():
    names = projects.subjects("shipped", "algorithm-5", 1)
    project = projects.shipped("algorithm-5", 1, dict.fromkeys(names, SHARES // 4))
    assert amounts_of(project.base[projects.MANUAL]) == [(4, 0, 0)] * len(names)
    assert amounts_of(project.head[projects.MANUAL]) == [(3, 1, 0)] * len(names)


@pytest.mark.parametrize(
    ("amount", "seen", "most", "said"),
    [
        (100, 10.2, None, 100),  # near enough
        (100, 20.0, None, 50),
        (100, -3.0, None, 3200),  # cannot be told from nothing: much more, within limits
        (100, 5.0, 150, 150),
        (1, 80.0, None, 1),
    ],
)
def test_the_next_amount(amount, seen, most, said):
    assert sizing.nearer(amount, seen, 10.0, most) == said


class Machine:
    """Direct timing on a machine where a percent costs so much: sizes follow from the source alone."""

    def __init__(self, per_percent):
        self.per_percent = per_percent
        self.looks = []

    def sizes(self, base, head, names, *, processes, seconds):
        self.looks.append(processes)
        return {name: Size(percent=self.amount(head) / self.per_percent, error=0.1) for name in names}

    def amount(self, head):
        (text,) = [
            path.read_text()
            for path in (head / "sample_library").glob("*.py")
            if "_BUFFER" in path.read_text()
        ]
        function = next(
            node
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef) and "_BUFFER" in ast.unparse(node)
        )
        loop, rest = function.body[1:3]
        return loop.iter.args[0].value * PIECE + rest.value.slice.upper.value


@pytest.mark.parametrize("per_percent", [300, 40_000, 2_000_000])
def test_the_amount_is_adjusted_and_the_size_measured_afresh(per_percent, monkeypatch):
    machine, known = Machine(per_percent), {}
    monkeypatch.setattr(sizing, "direct_timing", machine)
    project = sizing.sized("generated", "copy-10", 3, known)
    (name,) = projects.subjects("generated", "copy-10", 3)
    assert project.sizes[name].percent == pytest.approx(10, rel=0.05)
    assert machine.looks[-1] == sizing.PROCESSES["generated"]
    assert set(machine.looks[:-1]) == {sizing.LOOK_PROCESSES["generated"]}
    assert project.size(f"tests/test_speed.py::{name}") == project.sizes[name]
    looks = len(machine.looks)
    assert sizing.sized("generated", "copy-10", 3, known) == project
    assert len(machine.looks) == looks


def test_the_size_of_more_work_is_known():
    project = sizing.sized("generated", "slower-5-in-3", 2, {})
    assert {size.percent for size in project.sizes.values()} == {5}
    assert len(project.sizes) == 3
    assert all(project.slows(f"tests/test_speed.py::{name}") for name in project.sizes)
    assert sizing.sized("generated", "objects", 2, {}).sizes == {}


def test_every_slower_way_is_visited_in_both_halves():
    for half in (0, 1):
        runs = range(half, 24, 2)
        seen = {name for run in runs for name in projects.subjects("generated", "algorithm-5-in-5", run)}
        assert seen == {f"test_speed[{name}]" for name in OTHER_WAYS}


def test_variants_are_read():
    change = slowdown("copy-3-in-2")
    assert (change.cause, change.percent, change.count) == ("copy", 3, 2)
    assert slowdown("docstring") is None


@pytest.mark.parametrize(("turns", "said"), [(lambda count: count, 1.0), (lambda count: 2 * count, 2.0)])
def test_direct_timing_is_a_ratio_of_cpu_time(turns, said, monkeypatch):
    clock = [0]
    monkeypatch.setattr("benchmarks.direct_timing.time.process_time_ns", lambda: clock[0])

    def taking(nanoseconds):
        def call():
            clock[0] += nanoseconds

        return call

    assert ratio(taking(50_000), taking(turns(50_000)), 0.0) == said


def test_direct_timing_imports_each_side_from_its_own_tree(tmp_path):
    names = ("test_speed[squares]",)
    found, inputs = [], {}
    for side, text in (("base", "1"), ("head", "2")):
        package = tmp_path / side / "sample_library"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "workloads.py").write_text(
            f"WORKLOADS = {{'squares': (lambda items: ({text}, items), list)}}"
        )
        found.append(calls(str(tmp_path / side), names, inputs)["test_speed[squares]"])
    assert [call()[0] for call in found] == [1, 2]
    assert found[0]()[1] is found[1]()[1]
