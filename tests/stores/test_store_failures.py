"""What a user reads when the store cannot be used."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from stored_samples import both_records, make_case, make_run, simple_comparison, store_runs

from pytest_bolt.errors import BoltError
from pytest_bolt.stores import engine as engines
from pytest_bolt.stores import store as stores
from pytest_bolt.stores.failures import explain
from pytest_bolt.stores.store import open_store

ELSEWHERE = "name another place with --bolt-store=PATH or --bolt-store=URL"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def unprivileged():
    """A folder outside pytest's private one, and a process that may not do everything."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, -1)
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    for each in (folder, *folder.iterdir()):
        each.chmod(0o700)
    shutil.rmtree(folder)


def refused(path, **options):
    with pytest.raises(BoltError) as caught:
        open_store(str(path), **options).probe()
    return str(caught.value)


def test_a_file_that_is_no_database(path):
    path.write_bytes(b"certainly not a database" * 100)
    expected = (
        "The store is damaged, or is not a store at all\n"
        f"  store  {path}\n"
        "  error  file is not a database\n"
        f"  -> move the file away and run again, or {ELSEWHERE}"
    )
    assert refused(path) == expected
    assert refused(path, read_only=True) == expected
    assert path.read_bytes() == b"certainly not a database" * 100


def test_a_damaged_file(path):
    with open_store(str(path)) as store:
        store_runs(store, 3)
    data = bytearray(path.read_bytes())
    data[200:] = b"\xff" * (len(data) - 200)
    path.write_bytes(data)
    assert refused(path).startswith("The store is damaged")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    where = tmp_path / "file" / "folder" / "store.sqlite"
    assert refused(where) == (
        "The folder of the store cannot be used\n"
        f"  store  {where}\n"
        "  error  Not a directory\n"
        f"  -> {ELSEWHERE}"
    )


def test_a_folder_in_place_of_the_file(tmp_path):
    assert refused(tmp_path).splitlines()[0] == "The store cannot be opened"


def test_a_read_only_folder(unprivileged):
    unprivileged.chmod(0o555)
    assert refused(unprivileged / "store.sqlite").splitlines()[0] == "The store cannot be opened"
    assert "Permission denied" in refused(unprivileged / "new" / "store.sqlite")


def test_a_read_only_file(unprivileged):
    path = unprivileged / "store.sqlite"
    open_store(str(path)).close()
    path.chmod(0o444)
    unprivileged.chmod(0o555)
    message = refused(path)
    assert message.splitlines()[0] == "The store cannot be written"
    assert f"allow writing to the file and its folder, or {ELSEWHERE}" in message


def test_a_read_only_folder_can_be_read(unprivileged):
    path = unprivileged / "store.sqlite"
    with open_store(str(path)) as store:
        runs = store_runs(store, 1)
    path.chmod(0o444)
    unprivileged.chmod(0o555)
    with open_store(str(path), read_only=True) as store:
        assert [run.run_id for run in store.runs()] == [run.run_id for run in runs]


def test_a_store_opened_for_reading_is_not_written(store_url):
    open_store(store_url).close()
    if "postgresql" in store_url:
        with (
            open_store(store_url, read_only=True) as store,
            pytest.raises(BoltError, match="cannot be written"),
        ):
            store.begin(make_run())
    else:
        assert "attempt to write a readonly database" in refused(store_url, read_only=True)


def test_a_full_disk_is_said_and_loses_no_case_before(path):
    with open_store(str(path)) as store:
        run = make_run()
        store.begin(run)
        store.add(run.run_id, simple_comparison(make_case("first")), both_records(make_case("first"), run))
        _fill(store)
        with pytest.raises(BoltError) as caught:
            _add_many(store, run)
        assert str(caught.value) == (
            "There is no room left for the store\n"
            f"  store  {path}\n"
            "  error  database or disk is full\n"
            f"  -> free some disk space, or {ELSEWHERE}"
        )
    with open_store(str(path), read_only=True) as store:
        comparisons = store.summary(run.run_id).comparisons
        assert comparisons[0].case.case_id.node_id == "first"
        assert len(store.records(run.run_id)) == 2 * len(comparisons)


def _add_many(store, run):
    for number in range(1000):
        case = make_case(f"test_{number}")
        store.add(run.run_id, simple_comparison(case), both_records(case, run))


def _fill(store):
    """Let the file grow no further, as a full disk does."""
    store._engine.dispose()

    def limit(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 8}")

    event.listen(store._engine, "connect", limit)


def test_a_nearly_full_disk_is_said_before_anything_is_measured(path, monkeypatch):
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's
    with open_store(str(path)) as store:
        monkeypatch.setattr(stores.shutil, "disk_usage", lambda folder: usage(100, 99, 2**20))
        with pytest.raises(BoltError) as caught:
            store.probe()
    assert str(caught.value) == (
        "There is hardly any room left for the store\n"
        f"  store  {path}\n"
        "  free   1.0 MiB\n"
        "  -> free some disk space, or name another place with --bolt-store=PATH"
    )


def test_a_store_that_stays_locked(path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0)
    with open_store(str(path)) as store:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(BoltError) as caught:
            store.begin(make_run())
        holder.execute("ROLLBACK")
        holder.close()
    assert str(caught.value).splitlines()[0] == "Another process has kept the store locked for too long"


def test_there_is_no_store_to_read(path, store_url):
    message = (
        "There is no store yet\n"
        f"  store  {path}\n"
        "  -> `pytest --bolt` makes one, --store=PATH or BOLT_STORE names another"
    )
    assert refused(path, read_only=True) == message
    assert not path.exists()
    path.touch()
    assert refused(path, read_only=True) == message
    assert refused(store_url, read_only=True).startswith("There is no store yet\n")


def test_a_server_that_cannot_be_reached(tmp_path):
    message = refused(f"postgresql+psycopg://user:secret@/db?host={tmp_path}")
    assert message.startswith("The database server cannot be reached\n")
    assert "secret" not in message
    assert f"-> start the server, check host and port, or {ELSEWHERE}" in message


def test_a_missing_driver(monkeypatch):
    def missing(*args, **options):
        raise ModuleNotFoundError(name="psycopg")

    monkeypatch.setattr(engines, "create_engine", missing)
    assert refused("postgresql://user:secret@host/db") == (
        "The driver for this database is not installed\n"
        "  store    postgresql+psycopg://user:***@host/db\n"
        "  missing  psycopg\n"
        '  -> pip install "pytest-bolt[postgres]"'
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("mysql://host/db", "This kind of database cannot hold a store"),
        ("sqlite://", "A store in memory would keep nothing"),
        ("sqlite:///:memory:", "A store in memory would keep nothing"),
        ("://", "The store's URL cannot be read"),
    ],
)
def test_a_url_that_is_no_store(name, what):
    first, *_, advice = refused(name).splitlines()
    assert first == what
    assert advice == "  -> use a path, sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('FATAL: password authentication failed for user "x"', "The database server refused the login"),
        ("fe_sendauth: no password supplied", "The database server refused the login"),
        ('FATAL: role "x" does not exist', "The database server refused the login"),
        ('FATAL: database "x" does not exist', "The server has no database of that name"),
        ("permission denied for schema public", "This login may not write to the database"),
        ("server closed the connection unexpectedly", "The database server cannot be reached"),
        ("[Errno -2] failed to resolve host 'nowhere'", "The database server cannot be reached"),
        ("could not extend file: No space left on device", "There is no room left for the store"),
        ("database disk image is malformed", "The store is damaged, or is not a store at all"),
        ("something unheard of", "The store failed"),
    ],
)
def test_what_databases_say(said, what):
    message = str(explain(OperationalError("SELECT 1", {}, Exception(said)), "here"))
    assert message.splitlines()[:3] == [what, "  store  here", f"  error  {said}"]
    assert message.splitlines()[3].startswith("  -> ")


def test_the_store_keeps_itself_out_of_git(tmp_path):
    open_store(str(tmp_path / ".bolt" / "store.sqlite")).close()
    open_store(str(tmp_path / "other" / "store.sqlite")).close()
    assert (tmp_path / ".bolt" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "other" / ".gitignore").exists()


@pytest.mark.parametrize("name", ["a b.sqlite", "50%.sqlite", "what?.sqlite", "#1.sqlite", "ü&=.sqlite"])
def test_any_file_name_will_do(tmp_path, name):
    open_store(str(tmp_path / name)).close()
    with open_store(str(tmp_path / name), read_only=True) as store:
        assert store.runs() == ()
    assert (tmp_path / name).is_file()


def test_a_relative_path_and_a_url_mean_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_store("store.sqlite") as store:
        store.begin(make_run())
    with open_store("sqlite:///store.sqlite") as store:
        assert len(store.runs()) == 1
        assert store.where == str(tmp_path / "store.sqlite")


def test_sqlite_is_set_up_for_several_processes(path):
    with open_store(str(path)) as store, store._engine.connect() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert values == ["wal", 1, 1, 30_000]
