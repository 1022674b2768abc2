"""The generated repositories: they work, and what is said about their difference is true."""

from __future__ import annotations

import ast
import importlib
import itertools
import subprocess
import sys
import types

import pytest

from benchmarks import projects
from benchmarks.sample_library.workloads import WORKLOADS
from benchmarks.source_changes import HARMLESS, more_items, repeated, repetitions
from benchmarks.variants import slowdown

PERCENTS = (2, 3, 5, 10, 20)
_serial = itertools.count()


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Import a package of a project under a name of its own."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(files, package, module=""):
        name = f"{package}_{next(_serial)}"
        for path, text in files.items():
            if path.startswith(f"{package}/"):
                place = tmp_path / name / path.removeprefix(f"{package}/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(f"{name}.{module}" if module else name)

    return load


def module_of(text):
    module = types.ModuleType("changed")
    exec(compile(text, "changed", "exec"), vars(module))
    return module


def code_of(text):
    """The bytecode of every function by name, lines and names left out."""
    functions = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    codes = {}
    for function in functions:
        (code,) = (
            each
            for each in compile(text, "x", "exec").co_consts
            if getattr(each, "co_name", 0) == function.name
        )
        codes[function.name] = (code.co_code, len(code.co_varnames))
    return codes


class Counting:
    """Items that count how many of them were taken, one by one or as a slice."""

    def __init__(self, items):
        self.items = items
        self.taken = 0

    def __iter__(self):
        for item in self.items:
            self.taken += 1
            yield item

    def __getitem__(self, piece):
        found = self.items[piece]
        self.taken += len(found)
        return found


def taken(text, name):
    items = Counting(WORKLOADS[name][1]())
    getattr(module_of(text), name)(items)
    return items.taken


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_slowdown_is_exactly_that_many_more_items(name):
    path = f"sample_library/{WORKLOADS[name][0].__module__.rpartition('.')[2]}.py"
    text = projects.generated("identical", 0).base[path]
    usual = taken(text, name)
    assert usual >= 100
    assert {p: taken(more_items(text, name, p), name) for p in PERCENTS} == {
        p: usual * (100 + p) / 100 for p in PERCENTS
    }


def test_a_share_that_is_no_whole_number_of_items_is_refused():
    with pytest.raises(ValueError, match="3 % of 10 items is no whole number"):
        more_items("def f(items):\n    return sum(islice(items, 10))\n", "f", 3)


def test_a_function_that_takes_items_twice_is_refused():
    with pytest.raises(ValueError, match="f takes its items in 2 places"):
        more_items("def f(items):\n    return items[:10] + items[:10]\n", "f", 10)


def test_slower_variants_visit_every_function_and_change_nothing_else():
    found = [projects.generated("slower-20", run) for run in range(len(WORKLOADS))]
    assert {project.subject for project in found} == set(WORKLOADS)
    for project in found:
        changed = [path for path in project.base if project.base[path] != project.head[path]]
        slowed = [name for name in WORKLOADS if project.slows(f"tests/test_speed.py::test_speed[{name}]")]
        assert (len(changed), slowed) == (1, [project.subject])
        before, after = (code_of(files[changed[0]]) for files in (project.base, project.head))
        assert {name for name in before if before[name] != after[name]} <= {project.subject}


@pytest.mark.parametrize("variant", ["identical", *HARMLESS])
def test_a_harmless_change_gives_equal_results(variant, imported):
    project = projects.generated(variant, 0)
    base, head = (
        imported(files, "sample_library", "workloads").WORKLOADS for files in (project.base, project.head)
    )
    assert len(base) >= 20
    assert {name: f(items()) for name, (f, items) in head.items()} == {
        name: f(items()) for name, (f, items) in base.items()
    }
    assert not project.slows("tests/test_speed.py::test_speed[squares]")


@pytest.mark.parametrize("make", projects.SUITES.values())
@pytest.mark.parametrize("variant", HARMLESS)
def test_a_harmless_change_leaves_every_instruction_as_it_was(variant, make):
    project = make(variant, 0)
    changed = [path for path in project.base if project.base[path] != project.head[path]]
    assert changed
    for path in changed:
        assert code_of(project.head[path]) == code_of(project.base[path])


def test_each_harmless_change_is_what_it_is_called():
    text = projects.generated("identical", 0).base["sample_library/loops.py"]
    changed = {name: change(text) for name, change in HARMLESS.items()}
    before, modules = module_of(text), {name: module_of(text) for name, text in changed.items()}
    functions = [name for name, value in vars(before).items() if isinstance(value, types.FunctionType)]
    assert hasattr(modules["import"], "fractions")
    assert len(modules["docstring"].squares.__doc__) > 2 * len(before.squares.__doc__)
    assert "result" in before.squares.__code__.co_varnames
    assert "result" not in modules["local"].squares.__code__.co_varnames
    assert len(modules["objects"].ENTRIES) * 4 == 6000
    assert [name for name in vars(modules["order"]) if name in functions] == functions[::-1]


@pytest.mark.parametrize("variant", HARMLESS)
def test_a_harmless_change_to_the_references_gives_equal_results(variant, imported):
    torch = pytest.importorskip("torch")
    project = projects.shipped(variant, 0)
    base, head = (imported(files, "reference") for files in (project.base, project.head))
    x = torch.linspace(-3, 3, 60).reshape(1, 1, 6, 10)
    for module in (base, head):
        module.answers = (
            module.softmax(x, -1),
            module.rms_norm(x, x[0, 0, 0], eps=1e-5),
            module.attention(x, x, x, causal=True),
        )
    assert all(torch.equal(*pair) for pair in zip(base.answers, head.answers, strict=True))


@pytest.mark.parametrize("percent", PERCENTS)
def test_repetitions_are_exact(percent):
    fewer, more = repetitions(percent)
    assert more * 100 == fewer * (100 + percent)


@pytest.mark.parametrize("run", range(3))
def test_the_shipped_slowdown_calls_one_operation_that_many_times_more_often(run):
    project = projects.shipped("slower-20", run)
    counts = []
    for files in (project.base, project.head):
        tree = ast.parse(files["reference/adapters/manual.py"])
        tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.level)]
        calls = dict.fromkeys(("softmax", "rms_norm", "attention"), 0)

        def counting(name, calls=calls):
            def operation(*_args, **_options):
                calls[name] += 1
                return calls[name]

            return operation

        names = {name: counting(name) for name in calls}
        exec(compile(tree, "manual", "exec"), names)
        arguments = {"run_softmax": (0, 0), "run_rmsnorm": (0, 0, 0, 0), "run_attention": (0, 0, 0)}
        for name, values in arguments.items():
            names[name](*values, **({"causal": True} if name == "run_attention" else {}))
        counts.append(calls)
    raised = {name: (counts[0][name], counts[1][name]) for name in counts[0]}
    assert sorted(raised.values()) == [(1, 1), (1, 1), (5, 6)]
    (subject,) = (name for name, pair in raised.items() if pair == (5, 6))
    assert subject.replace("_", "") == project.subject.removeprefix("run_")


def test_the_shipped_slowdown_names_the_benchmarks_of_its_operation():
    slows = projects.shipped("slower-20", 0).slows, projects.shipped("slower-20", 0).subject
    operation = projects.OPERATIONS[slows[1]]
    test = f"suites/{operation}/test_{operation}_speed.py::test_{operation}_speed"
    assert slows[0](f"{test}[manual-cpu-float32-64x512]")
    assert not slows[0](f"{test}[framework-cpu-float32-64x512]")


def test_several_functions_can_be_slower():
    seen = set()
    for run in range(7):
        project = projects.generated("slower-20-in-4", run)
        slowed = {name for name in WORKLOADS if project.slows(f"tests/test_speed.py::test_speed[{name}]")}
        assert slowed == set(project.subject.split(", "))
        assert len(slowed) == 4
        seen |= slowed
    assert seen == set(WORKLOADS)
    assert len(projects.shipped("slower-20-in-9", 0).slowed) == len(projects.OPERATIONS)


def test_a_function_that_returns_nothing_cannot_be_repeated():
    with pytest.raises(ValueError, match="f does not end by returning a value"):
        repeated("def f():\n    pass\n", "f", 2)


@pytest.mark.parametrize(
    "name",
    ["slow-20", "slower-", "slower-0", "slower-101", "slower-x", "slower-5-in-", "slower-5-in-0", "copies-5"],
)
def test_unknown_variants_are_named(name):
    with pytest.raises(ValueError, match=f"unknown variant '{name}'"):
        slowdown(name)


def said_by_git(folder, *words):
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_repository_has_two_commits_and_is_clean(tmp_path):
    project = projects.generated("slower-20", 0)
    for name in ("one", "two"):
        projects.write_repository(project, tmp_path / name)
    changed = [path for path in project.base if project.base[path] != project.head[path]]
    assert said_by_git(tmp_path / "one", "status", "--porcelain") == ""
    assert said_by_git(tmp_path / "one", "diff", "--name-only", projects.BASE).split() == changed
    logs = [said_by_git(tmp_path / name, "log", "--format=%H %s") for name in ("one", "two")]
    assert len(logs[0].splitlines()) == 2
    assert logs[0] == logs[1]


def test_identical_commits_hold_the_same_tree(tmp_path):
    projects.write_repository(projects.generated("identical", 0), tmp_path / "same")
    commits = said_by_git(tmp_path / "same", "log", "--format=%H %T").split()
    assert commits[0] != commits[2]
    assert commits[1] == commits[3]


@pytest.mark.parametrize(
    ("project", "count"), [(projects.generated("identical", 0), len(WORKLOADS)), (projects.trivial(7), 7)]
)
def test_pytest_collects_the_suite(project, count, tmp_path):
    projects.write_repository(project, tmp_path / "project")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    found = subprocess.run(command, cwd=tmp_path / "project", capture_output=True, text=True, check=True)
    assert f"{count} tests collected" in found.stdout


def test_pytest_benchmark_gets_a_fixture_that_measures(tmp_path):
    project = projects.for_pytest_benchmark(projects.trivial(1))
    suite = (
        "def test_measured(bolt):\n    bolt.check(1, oracle=2)\n    bolt.measure(max, args=(1, 2), bytes=3)\n"
    )
    projects.write_repository(
        projects.replace(project, head={**project.head, "test_it.py": suite}), tmp_path / "p"
    )
    command = [sys.executable, "-m", "pytest", "test_it.py", "--benchmark-disable", "-p", "no:cacheprovider"]
    found = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True, check=False)
    assert "1 passed" in found.stdout
