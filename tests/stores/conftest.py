"""Every back end under one fixture, and made-up runs."""

from __future__ import annotations

import os
import uuid
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text

from pytest_bolt.stores.store import open_store

POSTGRES = "BOLT_TEST_POSTGRES"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """The name of a store that does not exist yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite")
    else:
        yield from _own_schema(_server())


@pytest.fixture
def store(store_url):
    with open_store(store_url) as opened:
        yield opened


def _server():
    url = os.environ.get(POSTGRES)
    if not url:
        message = f"{POSTGRES} names no PostgreSQL server; `bash .ci/postgres start` makes one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return url


def _own_schema(url):
    name = f"bolt_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    option = quote(f"-csearch_path={name}")
    yield f"{url}{'&' if '?' in url else '?'}options={option}"
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
