from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pytest_bolt.atomic_file import check_writable, write_atomically
from pytest_bolt.errors import BoltError


def refuse(name, code):
    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    return fail


def test_writes_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b" / "report.md"
    write_atomically(path, "π\n")
    assert path.read_bytes() == b"\xcf\x80\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["report.md"]


def test_permissions_of_a_new_file_follow_the_mask(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", "")
    finally:
        os.umask(old)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_permissions_of_an_existing_file_stay(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o604)
    write_atomically(path, "new")
    assert path.stat().st_mode & 0o777 == 0o604


def test_link_stays_a_link(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize(
    ("code", "advice"), [(errno.ENOSPC, "free some space"), (errno.EDQUOT, "free some of your quota")]
)
def test_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch, step, code, advice):
    path = tmp_path / "x"
    path.write_text("old")
    monkeypatch.setattr(step, refuse(step, code))
    with pytest.raises(BoltError, match="cannot write the file") as caught:
        write_atomically(path, "new" * 1000)
    monkeypatch.undo()
    assert advice in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_interruption_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("old")

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_path_is_a_folder(tmp_path):
    with pytest.raises(BoltError, match="cannot write a file where there is a folder") as caught:
        write_atomically(tmp_path, "")
    assert "-> add a file name" in str(caught.value)


def test_part_of_the_path_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BoltError, match="a part of the path is a file"):
        write_atomically(tmp_path / "file" / "x", "")


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_read_only_folder(tmp_path, monkeypatch, code):
    monkeypatch.setattr("tempfile.mkstemp", refuse("mkstemp", code))
    with pytest.raises(BoltError, match="choose a path"):
        write_atomically(tmp_path / "x", "")


def test_read_only_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("old")
    monkeypatch.setattr("os.access", lambda *args: False)
    with pytest.raises(BoltError, match="change its permissions"):
        write_atomically(path, "new")
    assert path.read_text() == "old"


def test_name_too_long(tmp_path):
    with pytest.raises(BoltError, match="choose a shorter name"):
        write_atomically(tmp_path / ("x" * 300), "")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_writable(pipe)
        write_atomically(pipe, "straße\n")
        assert os.read(reader, 100).decode() == "straße\n"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_device_is_said(tmp_path):
    link = tmp_path / "report.json"
    link.symlink_to("/dev/full")
    check_writable(link)
    with pytest.raises(BoltError, match="cannot write the file"):
        write_atomically(link, "text")
    assert Path("/dev/full").is_char_device()


def test_a_link_to_a_link_to_an_open_file_is_followed(tmp_path):
    with (tmp_path / "log").open("w+") as file:
        (tmp_path / "stdout").symlink_to(f"/proc/self/fd/{file.fileno()}")
        (tmp_path / "link").symlink_to("stdout")
        write_atomically(tmp_path / "link", "text\n")
        file.seek(0)
        assert file.read() == "text\n"


def test_a_descriptor_that_is_closed_is_said_early():
    with pytest.raises(BoltError, match="cannot write the file"):
        check_writable(Path("/proc/self/fd/1017"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
@pytest.mark.parametrize("place", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_an_open_file_is_written_to_and_not_replaced(tmp_path, place):
    with (tmp_path / "redirected").open("w+") as file:
        file.write("before\n")
        file.flush()
        link = tmp_path / "link"
        for path in (Path(place.format(file.fileno())), link):
            if path is link:
                link.symlink_to(place.format(file.fileno()))
            check_writable(path)
            write_atomically(path, "text\n")
        file.seek(0)
        assert file.read() == "before\ntext\ntext\n"


def test_a_folder_that_may_not_be_looked_into(tmp_path, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(BoltError, match="cannot write the file"):
        check_writable(tmp_path / "x.json")
