"""The folder of a page is ours alone: nothing else is ever replaced."""

from __future__ import annotations

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.page_folder import check_page_folder, replace_page

HTML = '<!DOCTYPE html>\n<meta name="generator" content="pytest-bolt 1.2">\n<p>old</p>'


def test_a_new_folder_is_made_with_its_parents(tmp_path):
    folder = tmp_path / "a" / "b"
    check_page_folder(folder)
    assert not (tmp_path / "a").exists()
    assert replace_page(folder, HTML) == folder / "index.html"
    assert (folder / "index.html").read_text() == HTML


def test_an_earlier_page_is_replaced_whole(tmp_path):
    replace_page(tmp_path, HTML)
    before = (tmp_path / "index.html").stat().st_ino
    replace_page(tmp_path, HTML + "new")
    assert (tmp_path / "index.html").stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_what_a_killed_run_left_behind_is_no_reason_to_refuse(tmp_path):
    (tmp_path / ".index.html.abc_123.tmp").write_text("half")
    check_page_folder(tmp_path)


def _file(folder):
    folder.write_text("mine")


def _foreign_page(folder):
    folder.mkdir()
    (folder / "index.html").write_text("<p>my site</p>")


def _marked_late(folder):
    folder.mkdir()
    (folder / "index.html").write_text("x" * 5000 + HTML)


def _binary(folder):
    folder.mkdir()
    (folder / "index.html").write_bytes(b"\xff\xfe\x00" * 2000)


def _other_files(folder):
    folder.mkdir()
    for number in range(5):
        (folder / f"file{number}").touch()
    (folder / "index.html").write_text(HTML)


def _hostile_name(folder):
    folder.mkdir()
    (folder / "a\n  -> rm -rf\x1b[31m").touch()


def _folder_as_page(folder):
    (folder / "index.html").mkdir(parents=True)


def _dangling(folder):
    folder.symlink_to(folder.parent / "nowhere")


def _below_a_file(folder):
    folder.parent.rmdir()
    folder.parent.write_text("a file")


REFUSED = {
    _file: "the folder of the page is a file\n  folder  {folder}\n  -> name a new or empty folder",
    _foreign_page: "the folder of the page holds something else\n  folder  {folder}\n  holds   index.html\n  ->",
    _marked_late: "the folder of the page holds something else",
    _binary: "the folder of the page holds something else",
    _other_files: "holds something else\n  folder  {folder}\n  holds   file0\n          file1\n          file2\n          and 2 more",
    _hostile_name: "  holds   a\\n  -> rm -rf\\x1b[31m\n",
    _folder_as_page: "the folder of the page holds something else",
    _dangling: "the folder of the page is a link to nothing",
    _below_a_file: "cannot write the file",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_anything_else_is_refused_and_left_alone(tmp_path, make):
    folder = tmp_path / "parent" / "page"
    folder.parent.mkdir()
    make(folder)
    before = _tree(tmp_path)
    for call in (check_page_folder, lambda path: replace_page(path, HTML)):
        with pytest.raises(BoltError) as caught:
            call(folder)
        assert REFUSED[make].format(folder=folder) in str(caught.value)
    assert _tree(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", _denied)
    with pytest.raises(BoltError, match="cannot write the file"):
        check_page_folder(tmp_path)


def test_a_page_that_is_read_only_is_refused(tmp_path, monkeypatch):
    replace_page(tmp_path, HTML)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(BoltError, match="choose a path that you may write"):
        check_page_folder(tmp_path)


@pytest.mark.parametrize("call", ["exists", "iterdir", "open"])
def test_a_folder_that_cannot_be_looked_into_is_refused(tmp_path, monkeypatch, call):
    replace_page(tmp_path, HTML)
    monkeypatch.setattr(f"pathlib.Path.{call}", _denied)
    with pytest.raises(BoltError, match="cannot write the file"):
        check_page_folder(tmp_path)


def _denied(*_, **__):
    raise PermissionError(13, "Permission denied")


def _tree(folder):
    return sorted(
        (str(path), path.lstat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in folder.rglob("*")
        if not path.is_dir()
    )
