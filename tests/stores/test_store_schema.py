"""Versions of the schema: created, migrated, refused."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import inspect, text
from stored_samples import make_case, make_run, simple_comparison, store_runs

from pytest_bolt.errors import BoltError
from pytest_bolt.stores.engine import make_engine, parse_store
from pytest_bolt.stores.schema import SCHEMA_VERSION, VERSION_TABLE, metadata
from pytest_bolt.stores.store import open_store
from pytest_bolt.stores.upgrade import ensure_schema, migrate, stored_version

LATER = """
from alembic import op
import sqlalchemy as sa

revision = "9001"
down_revision = "{before:04d}"


def upgrade():
    op.add_column("bolt_runs", sa.Column("mood", sa.Text(), server_default="good"))
"""


@pytest.fixture
def engine(store_url):
    engine = make_engine(parse_store(store_url))
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_of_the_schema(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    migrate(engine)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert stored_version(connection) == SCHEMA_VERSION
        tables = set(inspect(connection).get_table_names())
    assert tables == {*metadata.tables, VERSION_TABLE}


def test_an_older_store_is_migrated_and_keeps_its_runs(store_url, engine, tmp_path):
    (tmp_path / "later.py").write_text(textwrap.dedent(LATER.format(before=SCHEMA_VERSION)))
    with open_store(store_url) as store:
        runs = store_runs(store, 2)
        before = store.runs()
    migrate(engine, target=9001, more_scripts=[str(tmp_path)])
    with engine.connect() as connection:
        assert stored_version(connection) == 9001
        assert set(connection.execute(text("SELECT mood FROM bolt_runs")).scalars()) == {"good"}
        connection.rollback()
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{SCHEMA_VERSION:04d}'"))
        connection.commit()
    with open_store(store_url) as store:
        assert store.runs() == before
        assert len(runs) == 2


def test_a_migration_that_fails_leaves_the_store_as_it_was(store_url, engine, tmp_path):
    broken = LATER.format(before=SCHEMA_VERSION) + "    raise RuntimeError('stop')\n"
    (tmp_path / "broken.py").write_text(broken)
    with open_store(store_url) as store:
        store_runs(store, 1)
    with pytest.raises(RuntimeError, match="stop"):
        migrate(engine, target=9001, more_scripts=[str(tmp_path)])
    with engine.connect() as connection:
        assert stored_version(connection) == SCHEMA_VERSION
        assert "mood" not in {column["name"] for column in inspect(connection).get_columns("bolt_runs")}


def test_a_newer_store_is_refused_for_reading_and_writing(store_url, engine):
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9001'"))
    for read_only in (False, True):
        with pytest.raises(BoltError) as caught:
            open_store(store_url, read_only=read_only)
        what, store, its, known, advice = str(caught.value).splitlines()
        assert what == "The store was written by a newer version of pytest-bolt"
        assert store.startswith("  store       ")
        assert (its, known) == ("  its schema  9001", f"  known here  {SCHEMA_VERSION}")
        assert advice == "  -> upgrade pytest-bolt, or use another store with --bolt-store=PATH"


def test_migrating_twice_is_migrating_once(engine):
    ensure_schema(engine, "here")
    ensure_schema(engine, "here")
    migrate(engine)
    with engine.connect() as connection:
        assert stored_version(connection) == SCHEMA_VERSION


def test_a_store_half_made_by_an_empty_version_table_is_completed(engine):
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)"))
    ensure_schema(engine, "here")
    with engine.connect() as connection:
        assert stored_version(connection) == SCHEMA_VERSION


def test_a_store_that_is_up_to_date_is_opened_without_alembic(tmp_path):
    path = tmp_path / "store.sqlite"
    open_store(str(path)).close()
    program = (
        "import sys; from pytest_bolt.stores.store import open_store; "
        f"store = open_store({str(path)!r}); store.probe(); store.runs(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_reading_migrates_an_older_store(tmp_path, monkeypatch):
    path = str(tmp_path / "store.sqlite")
    with open_store(path) as store:
        store.begin(make_run())
        store.add(make_run().run_id, simple_comparison(make_case()))
    asked = []
    monkeypatch.setattr("pytest_bolt.stores.store.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr("pytest_bolt.stores.store.ensure_schema", lambda engine, where: asked.append(where))
    with open_store(path, read_only=True) as store:
        assert len(store.runs()) == 1
    assert asked == [path]
