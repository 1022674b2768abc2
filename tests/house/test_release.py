"""Version, dependencies, changelog and packaging agree with one another."""

from __future__ import annotations

import importlib.metadata
import re
import runpy
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from project_tree import ROOT, project_files

import pytest_bolt

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|removed|fixed)\.md")
INSTALLED_BY_MAKE = ("suites", "report", "postgres", "github", "gitlab", "dev")


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def requirements() -> list[Requirement]:
    project = PYPROJECT["project"]
    extras = [line for extra in INSTALLED_BY_MAKE for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in project["dependencies"] + extras]


def test_the_installed_version_is_that_of_the_source():
    assert importlib.metadata.version("pytest-bolt") == pytest_bolt.__version__


def test_the_version_is_a_plain_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", pytest_bolt.__version__)


def test_every_requirement_is_pinned_inside_its_range():
    pinned = pins()
    wrong = [str(r) for r in requirements() if pinned.get(canonicalize_name(r.name)) not in r.specifier]
    assert wrong == []


def test_everything_installed_for_the_project_is_pinned():
    """Walks what the requirements need in turn, so a new transitive dependency cannot float."""
    pinned, queue, seen = pins(), requirements(), set()
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, key := ",".join(sorted(requirement.extras))) in seen:
            continue
        seen.add((name, key))
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            extras = ["", *sorted(requirement.extras)]
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(needed)
    assert {name for name, _ in seen} - pinned.keys() == set()


def test_constraints_are_exact_versions_without_an_index_or_a_local_version():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []


def test_every_extra_is_installed_by_make():
    recipe = (ROOT / "Makefile").read_text()
    assert set(PYPROJECT["project"]["optional-dependencies"]) == set(INSTALLED_BY_MAKE)
    assert f"[{','.join(INSTALLED_BY_MAKE)}]" in recipe


def test_changelog_fragments_are_named_by_slug_and_kind():
    names = [path.name for path in project_files() if path.parent.name == "changelog.d"]
    assert [name for name in names if name != "README.md" and not FRAGMENT.fullmatch(name)] == []


def test_changelog_fragments_are_one_or_two_sentences():
    for path in project_files(".md"):
        if path.parent.name == "changelog.d" and path.name != "README.md":
            text = path.read_text()
            assert text.endswith(".\n"), path.name
            assert 20 < len(text) < 400, path.name
            assert "\n" not in text.strip(), path.name


def test_released_versions_are_in_the_changelog():
    versions = re.findall(
        r"^## \[([^\]]+)\] - \d{4}-\d{2}-\d{2}$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions == sorted(versions, key=Version, reverse=True)
    assert all(Version(version) <= Version(pytest_bolt.__version__) for version in versions)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"suites/__init__.py"}, "unexpected top-level name: suites"),
        ({"pytest_bolt_suites/__pycache__/x.pyc"}, "does not belong: pytest_bolt_suites/__pycache__/x.pyc"),
    ],
)
def test_a_wheel_with_more_than_it_should_hold_is_refused(change, problem):
    content = runpy.run_path(str(ROOT / ".ci" / "wheel_content.py"))
    assert content["problems"](content["NEEDED"]) == []
    assert content["problems"](content["NEEDED"] | change) == [problem]


def test_a_wheel_without_the_suites_is_refused():
    content = runpy.run_path(str(ROOT / ".ci" / "wheel_content.py"))
    lacking = content["NEEDED"] - {"pytest_bolt_suites/__init__.py"}
    assert content["problems"](lacking) == ["missing: pytest_bolt_suites/__init__.py"]
