from __future__ import annotations

import hashlib
import subprocess

import pytest

from pytest_bolt.repo import evidence
from pytest_bolt.repo.evidence import DIFF_NAME, evidence_of
from pytest_bolt.repo.refs import resolve_base, resolve_head


def found(project, base="HEAD", **more):
    repo = project.repo()
    return evidence_of(repo, resolve_head(repo, **more), resolve_base(repo, base), **more)


def test_a_clean_tree_against_itself(project):
    assert found(project).evidence == evidence.Evidence(same_code=True)
    assert found(project).diff is None


@pytest.mark.parametrize(
    ("name", "text", "same"),
    [
        ("code.py", "# a comment\nVALUE = 1\n", True),
        ("code.py", "VALUE = 2\n", False),
        ("NOTES.md", "words\n", True),
        ("new.py", "X = 1\n", False),
        ("new.py", "# nothing yet\n", True),
        ("data.bin", "1", False),
    ],
)
def test_whether_code_changed(project, name, text, same):
    project.write({name: text})
    told = found(project).evidence
    assert (told.files, told.same_code) == ((name,), same)


def test_a_file_that_is_gone_or_executable_now_is_changed_code(project):
    (project.root / "code.py").chmod(0o755)
    assert not found(project).evidence.same_code
    (project.root / "code.py").unlink()
    assert not found(project).evidence.same_code


def test_the_diff_of_a_dirty_tree_makes_it_again(project, tmp_path):
    (project.root / "blob.bin").write_bytes(bytes(range(256)))
    project.write({"code.py": "VALUE = 2\n", "sub/new file.py": "X = 1\n"})
    told = found(project)
    (kept,) = told.evidence.artifacts
    assert (kept.kind, kept.path, kept.size, kept.stored) == ("diff", DIFF_NAME, len(told.diff), True)
    assert kept.sha256 == hashlib.sha256(told.diff).hexdigest()
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "again"))
    subprocess.run(["git", "apply"], cwd=tmp_path / "again", input=told.diff, check=True)
    for name in ("code.py", "sub/new file.py", "blob.bin"):
        assert (tmp_path / "again" / name).read_bytes() == (project.root / name).read_bytes()


def test_new_files_of_any_name_and_number(project, tmp_path):
    names = [f"many/{number}.py" for number in range(400)]
    names += ["-x.py", "[a].py", "*.py", ":(top)y.py", "ä ö.py", "empty.py"]
    project.write({name: f"# {name}\n" if name != "empty.py" else "" for name in names})
    before = project.git("status", "--porcelain")
    diff = found(project).diff
    assert project.git("status", "--porcelain") == before
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "again"))
    subprocess.run(["git", "apply"], cwd=tmp_path / "again", input=diff, check=True)
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (project.root / name).read_bytes()


def test_what_the_run_writes_is_not_in_it(project):
    project.write({"journal/JOURNAL.md": "x\n"})
    assert found(project, ignore=[project.root / "journal" / "JOURNAL.md"]).diff is None


def test_a_diff_that_is_too_large_is_not_kept(project, monkeypatch):
    monkeypatch.setattr(evidence, "_LARGEST_DIFF", 100)
    project.write({"code.py": "VALUE = 2\n" * 100})
    assert found(project).evidence.artifacts == ()
    project.git("checkout", "code.py")
    project.write({"new.py": "VALUE = 2\n" * 100})
    assert found(project).evidence.artifacts == ()


def test_the_tag_of_a_clean_tree(project):
    for name in ("v0.9", "v0.10"):
        project.git("tag", name)
    assert found(project).evidence.tag == "v0.10"
    project.write({"code.py": "VALUE = 2\n"})
    assert found(project).evidence.tag == ""
