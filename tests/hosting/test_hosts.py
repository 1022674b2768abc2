"""What both hosts answer, through their own libraries, and what is made of a refusal."""

from __future__ import annotations

import pytest
from fake_hosts import BOT, HEAD, OTHER, TOKEN, Fault

from pytest_bolt.hosting.host import Absent, Change, Denied, Limited, Passing, Rejected, TooLong

LIMIT_HEADERS = {
    "github": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000090"},
    "gitlab": {"RateLimit-Remaining": "0", "RateLimit-Reset": "1000090"},
}


def test_a_change(host):
    assert host.change(7) == Change(number=7, head=HEAD, is_open=True)


def test_changes_of_a_commit_are_found_on_every_page_and_only_open_ones(host, hosted):
    hosted.changes = {n: {"head": OTHER, "open": True} for n in range(1000, 1230)}
    hosted.changes |= {7: {"head": HEAD, "open": True}, 8: {"head": HEAD, "open": False}}
    assert [change.number for change in host.changes_of(HEAD)] == [7]


def test_notes_of_every_page(host, hosted):
    for n in range(250):
        hosted.add(f"note {n}")
    hosted.add("elsewhere", change=8)
    assert [note.body for note in host.notes(7)] == [f"note {n}" for n in range(250)]


def test_notes_of_an_account_that_is_gone(host, hosted):
    hosted.add("left behind", author="")
    assert [note.author for note in host.notes(7)] == [""]


def test_post_edit_delete(host, hosted):
    posted = host.post(7, "first")
    assert (posted.author, posted.body) == (BOT, "first")
    assert list(host.notes(7)) == [posted]
    number = posted.number
    host.edit(7, number, "second é\N{MUSICAL SYMBOL G CLEF}")
    assert hosted.bodies() == ["second é\N{MUSICAL SYMBOL G CLEF}"]
    host.delete(7, number)
    assert hosted.bodies() == []


def test_who_the_token_writes_as(host, hosted):
    assert host.me() == BOT


def test_an_app_that_may_not_ask_is_told_by_another_way(host, hosted):
    hosted.is_app = True
    assert host.me() == BOT
    assert (("POST", "/api/graphql") in hosted.asked) is (hosted.kind == "github")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, {"message": "oops"}, Passing),
        (502, {"message": "bad gateway"}, Passing),
        (401, {"message": "Bad credentials"}, Denied),
        (403, {"message": "Resource not accessible by integration"}, Denied),
        (404, {"message": "Not Found"}, Absent),
        (409, {"message": "conflict"}, Rejected),
        (422, {"message": "Validation Failed", "errors": ["body is too long"]}, TooLong),
        (400, {"message": "bad"}, Rejected),
    ],
)
def test_refusals(host, hosted, status, body, kind):
    if (hosted.kind, kind) == ("gitlab", TooLong):
        body = {"message": {"note": ["is too long (maximum is 1000000 characters)"]}}
    hosted.faults.append(Fault(method="POST", status=status, body=body))
    with pytest.raises(kind) as caught:
        host.post(7, "text")
    assert str(status) in caught.value.said
    assert TOKEN not in str(caught.value)
    assert hosted.bodies() == []


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"Retry-After": "17"}, 17.0),
        (429, "reset", 90.0),
        (429, {}, None),
    ],
)
def test_limits_say_how_long_to_wait(host, hosted, status, headers, wait_s):
    headers = LIMIT_HEADERS[hosted.kind] if headers == "reset" else headers
    hosted.faults.append(Fault(method="POST", status=status, headers=headers, body={"message": "slow down"}))
    with pytest.raises(Limited) as caught:
        host.post(7, "text")
    assert caught.value.wait_s == wait_s


@pytest.mark.parametrize("server", ["github"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "message", "wait_s"),
    [
        ({"retry-after": "60"}, "You have exceeded a secondary rate limit", 60.0),
        (LIMIT_HEADERS["github"], "API rate limit exceeded for installation", 90.0),
        ({}, "You have exceeded a secondary rate limit", None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "999000"}, "API rate limit exceeded", 0.0),
    ],
)
def test_github_limits_with_403_too(host, hosted, headers, message, wait_s):
    hosted.faults.append(Fault(method="POST", status=403, headers=headers, body={"message": message}))
    with pytest.raises(Limited) as caught:
        host.post(7, "text")
    assert caught.value.wait_s == wait_s


@pytest.mark.parametrize("server", ["gitlab"], indirect=True)
def test_a_body_that_a_proxy_finds_too_large(host, hosted):
    hosted.faults.append(Fault(method="POST", status=413, body=None))
    with pytest.raises(TooLong):
        host.post(7, "text")


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_dropped_connection_is_not_tried_again_by_the_library(host, hosted, drop):
    hosted.faults.append(Fault(method="POST", drop=drop))
    with pytest.raises(Passing, match="no answer"):
        host.post(7, "text")
    assert hosted.bodies() == (["text"] if drop == "after" else [])
    assert hosted.writes() == ["POST"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_error_is_not_tried_again_by_the_library(host, hosted, status):
    hosted.faults += [
        Fault(method="POST", status=status, body={"message": "x"}, headers={"Retry-After": "1"})
    ] * 3
    with pytest.raises((Passing, Limited)):
        host.post(7, "text")
    assert hosted.writes() == ["POST"]


@pytest.mark.parametrize("body", [[], {"unexpected": 1}, "text", {"sha": None, "head": None}])
def test_an_answer_of_another_shape_is_a_refusal(host, hosted, body):
    path = "pulls/7" if hosted.kind == "github" else "merge_requests/7"
    hosted.faults += [Fault(method="GET", path=path, status=200, body=body) for _ in range(3)]
    with pytest.raises((Rejected, Passing, Absent)) as caught:
        host.change(7)
    assert TOKEN not in str(caught.value)


def test_a_wrong_token_is_named_in_no_message(server, clock):
    from pytest_bolt.hosting.github import GitHub
    from pytest_bolt.hosting.gitlab import GitLab

    wrong = "wr0ng-token"
    if server.hosted.kind == "github":
        host = GitHub(api=f"{server.address}/api/v3", repository="owner/name", token=wrong, clock=clock)
    else:
        host = GitLab(server=server.address, project="owner/name", token=wrong, clock=clock)
    with pytest.raises(Denied) as caught:
        host.change(7)
    host.close()
    assert wrong not in f"{caught.value!r} {caught.value.said}"
