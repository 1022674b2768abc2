"""What a worktree cannot get from the commit alone: submodules and large files."""

from __future__ import annotations

from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.worktrees import acquire


def test_submodules_are_filled_from_the_users_own_copy(project, make_project, cache):
    library = make_project("library")
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor/lib"
    )
    base = project.commit("with a submodule")
    library.commit("newer", {"code.py": "VALUE = 2\n"})
    project.git("-C", "vendor/lib", "pull", "--quiet", "origin", "main")
    project.commit("submodule updated")

    for _ in range(2):
        with acquire(project.repo(), base, cache) as tree:
            assert (tree.path / "vendor" / "lib" / "code.py").read_text() == "VALUE = 1\n"
            assert tree.notes == ()
            (tree.path / "vendor" / "lib" / "code.py").write_text("changed by a test")
    assert project.git("-C", "vendor/lib", "status", "--porcelain") == ""


def test_a_submodule_that_is_not_here_is_noted(project, make_project, cache, tmp_path):
    library = make_project("library")
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor"
    )
    base = project.commit("with a submodule")
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))

    with acquire(open_repository(tmp_path / "clone"), base, cache) as tree:
        assert tree.notes == ("submodules left empty in the base tree (their commit is not here): vendor",)


def lfs_pointer(content: bytes) -> tuple[str, str]:
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    return digest, text


def test_lfs_contents_come_from_the_local_store(project, cache):
    digest, pointer = lfs_pointer(b"weights")
    _, missing = lfs_pointer(b"never fetched")
    commit = project.commit(
        "data", {"a.bin": pointer, "b.bin": missing, ".gitattributes": "*.bin filter=lfs -text\n"}
    )
    project.git("config", "filter.lfs.process", "no-such-program")
    project.git("config", "filter.lfs.required", "true")
    stored = project.root / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"weights")

    for _ in range(2):
        with acquire(project.repo(), commit, cache) as tree:
            assert (tree.path / "a.bin").read_bytes() == b"weights"
            assert (tree.path / "b.bin").read_text() == missing
            assert tree.notes == (
                "1 Git LFS files are pointers in the base tree (git lfs fetch --all): b.bin",
            )
