"""What every file of the tree must keep to."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from project_tree import ROOT, project_files, relative

LONGEST_FILE = 320
MEDIAN_FILE = 160
PUBLIC_HOSTS = {
    "arxiv.org",
    "docs.pytest.org",
    "doi.org",
    "example.com",
    "example.org",
    "github.com",
    "gitlab.com",
    "json-schema.org",
    "keepachangelog.com",
    "localhost",
    "semver.org",
    "www.w3.org",
}
RESERVED = (".example", ".invalid", ".localhost", ".test")
HOST = re.compile(r"https?://(?:[^/\s@]*@)?([\w.-]+)")
PERSONAL_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root)/\w+")


def texts() -> list[tuple[str, str]]:
    found = []
    for path in project_files():
        try:
            found.append((relative(path), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def paths_of_this_machine() -> tuple[str, ...]:
    """The folder that this checkout lies in, unless it is one that every machine has."""
    parent = f"{ROOT.parent}/"
    return () if parent in {"/", "/tmp/", "/home/", "/root/", "/src/"} else (parent,)


def misplaced(text: str, machine_paths: tuple[str, ...]) -> list[str]:
    """The paths and hosts in `text` that mean something on one machine only."""
    known = tuple(f".{host}" for host in PUBLIC_HOSTS) + RESERVED
    hosts = {host for host in HOST.findall(text) if "." in host and not host.startswith("127.")}
    local = {host for host in hosts if not f".{host}".endswith(known)}
    paths = [path for path in machine_paths if re.search(rf"(?<![\w.]){re.escape(path)}", text)]
    return sorted(local) + PERSONAL_PATH.findall(text) + paths


def test_no_file_names_a_path_or_host_of_one_machine():
    machine = paths_of_this_machine()
    found = {name: words for name, text in texts() if (words := misplaced(text, machine))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("see /" + "home/someone/x", "/" + "home/someone"),
        ("pip install -i https" + "://mirror.internal.net/simple", "mirror.internal.net"),
        ("in /somewhere/else/file.py", "/somewhere/else/"),
    ],
)
def test_the_search_finds_what_it_looks_for(text, word):
    assert word in misplaced(text, ("/somewhere/else/",))


def lengths() -> dict[str, int]:
    sources = [path for path in project_files(".py") if not relative(path).startswith("tests/")]
    return {relative(path): len(path.read_text().splitlines()) for path in sources}


def test_no_source_file_is_long():
    assert {name: length for name, length in lengths().items() if length > LONGEST_FILE} == {}


def test_the_median_source_file_is_short():
    ordered = sorted(lengths().values())
    assert ordered[len(ordered) // 2] < MEDIAN_FILE


def asserts(tree: ast.AST) -> bool:
    """Whether anything in the module can fail a test."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            return True
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if name.startswith(("assert_", "fnmatch_lines")) or name in {"raises", "fail"}:
            return True
    return False


def test_every_test_module_can_fail():
    modules = [path for path in project_files(".py") if path.name.startswith("test_")]
    tests = [path for path in modules if relative(path).startswith("tests/")]
    idle = [relative(path) for path in tests if not asserts(ast.parse(path.read_text()))]
    assert tests
    assert idle == []


def test_a_module_without_assertions_is_noticed():
    assert not asserts(ast.parse("def test_nothing():\n    print('looks fine')\n"))


def test_test_files_have_unique_names():
    """pytest imports test modules by their base name, as `tests` is not a package."""
    names = [path.name for path in project_files(".py") if relative(path).startswith("tests/")]
    doubled = sorted({name for name in names if names.count(name) > 1} - {"conftest.py"})
    assert doubled == []


def test_nothing_in_the_tree_is_called_by_what_it_is_not():
    shapeless = {"utils.py", "common.py", "helpers.py", "misc.py"}
    assert [relative(path) for path in project_files(".py") if Path(path).name in shapeless] == []
