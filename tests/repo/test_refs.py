from __future__ import annotations

import itertools

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.refs import file_at, open_repository, resolve_base, resolve_commit, resolve_head


@pytest.fixture
def forked(project):
    """`main` and `feature` have gone two ways since `first`; HEAD is `feature`."""
    project.git("tag", "v1")
    project.git("branch", "feature")
    project.commit("on main", {"main.py": ""})
    project.git("switch", "--quiet", "feature")
    project.commit("on feature", {"feature.py": ""})
    return project


def base_of(project, ref):
    return resolve_base(project.repo(), ref)


@pytest.mark.parametrize("ref", ["main", "heads/main", "refs/heads/main", "@{-1}"])
def test_a_branch_means_its_merge_base_with_head(forked, ref):
    base = base_of(forked, ref)

    assert base.commit == forked.git("rev-parse", "v1")
    assert base.subject == "first"
    assert (base.name, base.branch) == (ref, "main")
    assert not base.dirty


def test_the_tip_of_a_branch(forked):
    base = base_of(forked, "main@tip")

    assert base.subject == "on main"
    assert base.name == "main@tip"


def test_a_remote_branch_means_its_merge_base_with_head(forked, tmp_path):
    forked.git("clone", "--quiet", str(forked.root), str(tmp_path / "clone"))

    repo = open_repository(tmp_path / "clone")

    assert resolve_base(repo, "origin/main").subject == "first"
    assert resolve_base(repo, "origin/main").branch == "origin/main"
    assert resolve_base(repo, "origin/main@tip").subject == "on main"
    assert resolve_base(repo, "@{upstream}").branch == "origin/feature"


@pytest.mark.parametrize("ref", ["HEAD~1", "v1", "main~1", "refs/tags/v1", "HEAD^", " v1 "])
def test_anything_else_means_exactly_that_commit(forked, ref):
    assert base_of(forked, ref).subject == "first"
    assert base_of(forked, ref).branch == ""


@pytest.mark.parametrize("ref", ["HEAD", "@", "HEAD@tip"])
def test_head_means_the_commit_checked_out(forked, ref):
    assert base_of(forked, ref).subject == "on feature"


def test_a_sha_full_or_abbreviated(forked):
    sha = forked.git("rev-parse", "main")

    assert base_of(forked, sha).subject == "on main"
    assert base_of(forked, sha[:7]).subject == "on main"


def test_an_annotated_tag_means_its_commit(forked):
    forked.git("tag", "--annotate", "--message", "a tag", "v2", "main")

    assert base_of(forked, "v2").commit == forked.git("rev-parse", "main")


def test_of_a_branch_only_the_tip_is_meant_outside_of_a_comparison(forked):
    assert resolve_commit(forked.repo(), "main").subject == "on main"


def test_a_merge_commit_as_head(forked):
    forked.git("merge", "--quiet", "--message", "merged", "main")

    assert base_of(forked, "main").subject == "on main"


def test_from_a_detached_head(forked):
    forked.git("checkout", "--quiet", "--detach")

    assert base_of(forked, "main").subject == "first"
    assert resolve_head(forked.repo()).branch == ""


def test_a_branch_whose_name_looks_like_a_sha(forked):
    forked.git("branch", "abcd", "main")

    assert base_of(forked, "abcd@tip").subject == "on main"


@pytest.mark.parametrize("ref", ["", "   ", "@tip"])
def test_an_empty_ref(project, ref):
    with pytest.raises(BoltError, match="is empty") as caught:
        base_of(project, ref)
    assert "--bolt-compare=main" in str(caught.value)


def test_an_unknown_ref_names_the_nearest(forked):
    with pytest.raises(BoltError, match="no branch, tag or commit is called 'mian'") as caught:
        base_of(forked, "mian")
    assert "nearest  main" in str(caught.value)
    assert "did you mean 'main'?" in str(caught.value)


def test_an_unknown_ref_that_a_remote_has(forked, tmp_path):
    forked.git("clone", "--quiet", str(forked.root), str(tmp_path / "clone"))

    with pytest.raises(BoltError, match="no branch") as caught:
        resolve_base(open_repository(tmp_path / "clone"), "main")
    assert "did you mean 'origin/main'? Otherwise: git fetch origin main" in str(caught.value)


def test_an_unknown_ref_like_nothing(project):
    with pytest.raises(BoltError, match="no branch") as caught:
        base_of(project, "zzz")
    assert "names  main" in str(caught.value)
    assert "git branch --all" in str(caught.value)


@pytest.mark.parametrize("ref", ["--all", "-h", "--output=owned", "-main"])
def test_a_ref_is_never_taken_for_an_option(project, ref, monkeypatch):
    monkeypatch.chdir(project.root)

    with pytest.raises(BoltError, match="no branch, tag or commit is called"):
        base_of(project, ref)
    assert not (project.root / "owned").exists()


@pytest.mark.parametrize("ref", ["main..feature", "^main", "main feature", "HEAD~99", "x\ny", "@{9}"])
def test_what_is_no_single_commit(forked, ref):
    with pytest.raises(BoltError, match="no branch, tag or commit is called"):
        base_of(forked, ref)


@pytest.mark.parametrize(("ref", "kind"), [("HEAD:code.py", "blob"), ("HEAD^{tree}", "tree")])
def test_what_is_no_commit(project, ref, kind):
    with pytest.raises(BoltError, match=f"names a {kind}, not a commit"):
        base_of(project, ref)


def test_a_name_that_is_a_branch_and_a_tag(forked):
    forked.git("tag", "main", "feature")

    with pytest.raises(BoltError, match="'main' means 2 things here") as caught:
        base_of(forked, "main")
    assert "refs/tags/main" in str(caught.value)
    assert "--bolt-compare=refs/heads/main" in str(caught.value)
    assert base_of(forked, "refs/heads/main").subject == "first"
    assert base_of(forked, "tags/main").subject == "on feature"


def test_an_ambiguous_abbreviated_sha(project):
    stream = "".join(
        f"commit refs/heads/many\ncommitter A <a@example.org> {second} +0000\ndata 1\nx\n"
        for second in range(1500)
    )
    import subprocess

    subprocess.run(
        ["git", "-C", str(project.root), "fast-import", "--quiet"], input=stream.encode(), check=True
    )
    shas = sorted(project.git("rev-list", "many").split())
    prefix = next(a[:4] for a, b in itertools.pairwise(shas) if a[:4] == b[:4])

    with pytest.raises(BoltError, match=f"'{prefix}' is the beginning of 2 commits") as caught:
        base_of(project, prefix)
    assert "candidates" in str(caught.value)
    assert "give more digits" in str(caught.value)


def test_no_commit_yet(make_project):
    empty = make_project("empty", empty=True)

    for resolve in (lambda repo: resolve_base(repo, "main"), resolve_head):
        with pytest.raises(BoltError, match="no commit yet") as caught:
            resolve(empty.repo())
        assert "git commit" in str(caught.value)


def test_unrelated_histories(project):
    project.git("checkout", "--quiet", "--orphan", "other")
    project.commit("alone")

    with pytest.raises(BoltError, match="HEAD and 'main' have no common ancestor") as caught:
        base_of(project, "main")
    assert "--bolt-compare=main@tip" in str(caught.value)
    assert base_of(project, "main@tip").subject == "first"


@pytest.fixture
def shallow(forked, tmp_path):
    """A clone of depth 1 of `feature`, as CI systems make it."""
    source, target = f"file://{forked.root}", tmp_path / "shallow"
    forked.git("clone", "--quiet", "--depth=1", "--branch=feature", source, str(target))
    return open_repository(target)


def test_a_shallow_clone_without_the_branch(shallow):
    with pytest.raises(BoltError, match="'main' is not in this clone, which is shallow") as caught:
        resolve_base(shallow, "main")
    assert "git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*' --tags" in str(caught.value)
    assert "--bolt-compare=origin/main (for a tag: main)" in str(caught.value)


def test_a_shallow_clone_without_the_merge_base(shallow):
    shallow.git.fetch("--depth=1", "origin", "main:refs/remotes/origin/main")

    with pytest.raises(BoltError, match="does not reach back to where HEAD left 'origin/main'") as caught:
        resolve_base(shallow, "origin/main")
    assert "git fetch --unshallow origin" in str(caught.value)
    assert resolve_base(shallow, "origin/main@tip").subject == "on main"


def test_a_shallow_clone_without_the_ancestor(shallow):
    with pytest.raises(BoltError, match="shallow") as caught:
        resolve_base(shallow, "HEAD~1")
    assert "git fetch --unshallow origin" in str(caught.value)


def test_a_shallow_clone_without_the_commit(shallow, forked):
    sha = forked.git("rev-parse", "main")

    with pytest.raises(BoltError, match="shallow") as caught:
        resolve_base(shallow, sha)
    assert f"git fetch --depth=1 origin {sha}" in str(caught.value)


def test_the_advised_fetch_helps(shallow, forked):
    shallow.git.execute(
        ["git", "fetch", "--unshallow", "origin", "+refs/heads/*:refs/remotes/origin/*", "--tags"]
    )

    assert resolve_base(shallow, "origin/main").subject == "first"


def test_trailers_of_a_commit(project):
    project.commit(
        "faster\n\nBody: not a trailer of the last paragraph.\n\n"
        "hypothesis: one pass\n  instead of three\nExpect: time <= 0.9x base\nExpect: memory same"
    )

    head = resolve_head(project.repo())

    assert head.subject == "faster"
    assert head.trailers == {
        "Hypothesis": "one pass instead of three",
        "Expect": "time <= 0.9x base\nmemory same",
    }


def test_head_of_a_clean_tree(project):
    head = resolve_head(project.repo())

    assert head.commit == project.git("rev-parse", "HEAD")
    assert (head.name, head.branch, head.subject) == ("HEAD", "main", "first")
    assert (head.diff_hash, head.dirty, head.trailers) == ("", False, {})


def test_head_of_a_dirty_tree(project):
    project.write({"code.py": "VALUE = 2\n"})

    assert resolve_head(project.repo()).dirty


def test_a_file_at_a_commit(project):
    commit = project.git("rev-parse", "HEAD")
    project.commit("changed", {"code.py": "VALUE = 2\n"})

    assert file_at(project.repo(), commit, "code.py") == b"VALUE = 1\n"
    assert file_at(project.repo(), commit, "none.py") is None
