"""A fake host of either kind, and the real client library that speaks to it."""

from __future__ import annotations

import pytest
from fake_hosts import REPOSITORY, TOKEN, ScriptedClock, Server

from pytest_bolt.hosting.github import GitHub
from pytest_bolt.hosting.gitlab import GitLab


@pytest.fixture
def clock():
    return ScriptedClock()


@pytest.fixture(params=["github", "gitlab"])
def server(request, monkeypatch):
    """Return a fake host; no proxy of the machine's environment stands between."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server(request.param)
    yield made
    made.close()


@pytest.fixture
def hosted(server):
    return server.hosted


@pytest.fixture
def host(server, clock):
    address = server.address
    if server.hosted.kind == "github":
        made = GitHub(api=f"{address}/api/v3", repository=REPOSITORY, token=TOKEN, clock=clock)
    else:
        made = GitLab(server=address, project=REPOSITORY, token=TOKEN, clock=clock)
    yield made
    made.close()
