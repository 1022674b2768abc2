"""One comment, whatever the host does meanwhile. Every test runs against both hosts."""

from __future__ import annotations

import pytest
from fake_hosts import BOT, Fault

from pytest_bolt.errors import BoltError
from pytest_bolt.hosting.host import Absent, Denied, TooLong
from pytest_bolt.hosting.patience import Patience
from pytest_bolt.hosting.sticky import Done, Sticky

MARKER = "<!-- pytest-bolt:comment default -->"
OLD = f"{MARKER}\nold"
NEW = f"{MARKER}\nnew"


@pytest.fixture
def said():
    return []


@pytest.fixture
def put(host, clock, said):
    """Put a text; `lines` are its forms, each shorter than the one before."""

    def put_text(*lines, change=7, most_s=300.0, marker=MARKER, author=BOT):
        forms = lines or (NEW,)
        patience = Patience(clock=clock, most_s=most_s, say=said.append)
        sticky = Sticky(
            host=host,
            patience=patience,
            author=author,
            marker=marker,
            text=lambda shorter: forms[min(shorter, len(forms) - 1)],
        )
        return sticky.put(change)

    return put_text


def test_the_first_is_posted(put, hosted):
    assert put() is Done.POSTED
    assert hosted.bodies() == [NEW]
    assert hosted.writes() == ["POST"]


def test_the_next_replaces_it(put, hosted):
    hosted.add(OLD)
    assert put() is Done.UPDATED
    assert hosted.bodies() == [NEW]
    assert hosted.writes() in (["PATCH"], ["PUT"])


@pytest.mark.parametrize("stored", [NEW, NEW.replace("\n", "\r\n"), f"{NEW}\n"])
def test_the_same_text_is_not_written(put, hosted, stored):
    hosted.add(stored)
    assert put() is Done.UNCHANGED
    assert hosted.writes() == []


def test_it_is_found_on_a_later_page(put, hosted):
    for n in range(230):
        hosted.add(f"talk {n}", author="somebody")
    own = hosted.add(OLD)
    for n in range(230):
        hosted.add(f"more {n}", author="somebody")
    assert put() is Done.UPDATED
    assert own["body"] == NEW
    assert len(hosted.notes) == 461


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("somebody", OLD),  # the marker, but not ours
        ("github-actions", OLD),  # a person with nearly our name
        ("", OLD),
        (BOT, f"> {MARKER}\n> old"),  # a quote of it
        (BOT, f"hello\n{MARKER}\nold"),  # not on the first line
        (BOT, f"see {MARKER}"),
        (BOT, "<!-- pytest-bolt:comment other -->\nold"),  # of another key
        (BOT, "<!-- pytest-bolt:comment default2 -->\nold"),
        (BOT, ""),
    ],
)
def test_what_is_not_ours_is_left_alone(put, hosted, author, body):
    other = hosted.add(body, author=author)
    before = dict(other)
    assert put() is Done.POSTED
    assert other == before
    assert hosted.bodies() == [body, NEW]


def test_several_keys_have_a_comment_each(put, hosted):
    second = "<!-- pytest-bolt:comment gpu -->"
    put()
    put(f"{second}\ntext", marker=second)
    put(f"{second}\nlater", marker=second)
    assert hosted.bodies() == [NEW, f"{second}\nlater"]


def test_a_login_in_other_letters_is_the_same(put, hosted):
    hosted.add(OLD, author=BOT.upper())
    assert put() is Done.UPDATED
    assert hosted.bodies() == [NEW]


def test_doubles_are_reduced_to_the_oldest(put, hosted):
    first = hosted.add(OLD)
    hosted.add(OLD)
    hosted.add(NEW)
    assert put() is Done.UPDATED
    assert [note["id"] for note in hosted.notes] == [first["id"]]
    assert hosted.bodies() == [NEW]


def test_a_race_while_posting_leaves_one(put, hosted):
    hosted.before_post = lambda hosted: hosted.add(f"{MARKER}\nthe other job's")
    assert put() is Done.POSTED
    assert hosted.bodies() == [NEW]


def test_a_comment_deleted_while_it_is_edited_is_posted_anew(put, hosted):
    hosted.add(OLD)
    method = "PATCH" if hosted.kind == "github" else "PUT"
    hosted.faults.append(Fault(method=method, status=404, body={"message": "Not Found"}))
    assert put() is Done.UPDATED
    assert hosted.bodies() == [NEW]


def test_a_double_deleted_by_the_other_job_is_no_error(put, hosted):
    hosted.add(NEW)
    hosted.add(NEW)
    hosted.faults.append(Fault(method="DELETE", status=404, body={"message": "Not Found"}))
    put()
    assert hosted.bodies() == [NEW]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_post_whose_answer_is_lost_is_not_made_twice(put, hosted, clock, drop):
    hosted.faults.append(Fault(method="POST", drop=drop))
    assert put() is Done.POSTED
    assert hosted.bodies() == [NEW]
    assert hosted.writes() == (["POST"] if drop == "after" else ["POST", "POST"])
    assert clock.slept == [2.0]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_an_edit_whose_answer_is_lost(put, hosted, drop):
    hosted.add(OLD)
    method = "PATCH" if hosted.kind == "github" else "PUT"
    hosted.faults.append(Fault(method=method, drop=drop))
    assert put() is Done.UPDATED
    assert hosted.bodies() == [NEW]


def test_a_500_after_the_comment_was_made_does_not_make_another(put, hosted):
    hosted.before_post = lambda hosted: hosted.add(NEW)
    hosted.faults.append(Fault(method="POST", status=502, body={"message": "bad gateway"}))
    hosted.add(NEW)  # what the failing request had stored
    assert put() is Done.UNCHANGED
    hosted.notes.clear()
    assert put() is Done.POSTED
    assert len(hosted.notes) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failing_host_is_asked_again_and_then_given_up(put, hosted, clock, method):
    hosted.faults += [Fault(method=method, status=503, body={"message": "down"}) for _ in range(4)]
    assert put() is Done.POSTED
    assert clock.slept == [2.0, 4.0, 8.0, 16.0] if method == "GET" else clock.slept
    hosted.faults += [Fault(method="GET", status=503, body={"message": "down"}) for _ in range(9)]
    with pytest.raises(BoltError) as caught:
        put(f"{NEW}er")
    assert str(caught.value) == (
        "the host does not answer as it should\n"
        "  answer  503 down\n"
        "  tries   5\n"
        "  -> nothing is lost: run the job again when the host is well"
    )


def test_a_host_that_fails_every_post_is_given_up(put, hosted, clock):
    hosted.faults += [Fault(method="POST", status=500, body={"message": "oops"}) for _ in range(50)]
    with pytest.raises(BoltError, match="does not answer as it should"):
        put()
    assert hosted.writes() == ["POST"] * 5


def test_a_limit_is_waited_for(put, hosted, clock, said):
    limit = Fault(method="POST", status=429, headers={"Retry-After": "42"}, body={"message": "slow down"})
    hosted.faults.append(limit)
    assert put() is Done.POSTED
    assert clock.slept == [42.0]
    assert said == ["the host limits how often it is asked (429 slow down): waiting 42 s"]
    assert hosted.bodies() == [NEW]


@pytest.mark.parametrize("server", ["github"], indirect=True)
def test_the_reset_of_a_primary_limit_is_waited_for(put, hosted, clock):
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{int(clock.time) + 120}"}
    hosted.faults.append(
        Fault(method="GET", status=403, headers=headers, body={"message": "API rate limit exceeded"})
    )
    assert put() is Done.POSTED
    assert clock.slept == [120.0]


def test_a_limit_between_two_writes_does_not_make_the_first_unsaid(put, hosted):
    hosted.add(NEW)
    hosted.add(NEW)
    hosted.add(NEW)
    limit = Fault(method="DELETE", status=429, headers={"Retry-After": "1"}, body={"message": "slow"})
    hosted.faults.append(limit)
    assert put() is Done.UPDATED
    assert hosted.bodies() == [NEW]


def test_a_limit_without_a_time_is_waited_for_a_minute(put, hosted, clock):
    hosted.faults.append(Fault(method="GET", status=429, body={"message": "slow down"}))
    assert put() is Done.POSTED
    assert clock.slept == [60.0]


def test_a_limit_that_takes_too_long_is_said(put, hosted, clock):
    hosted.faults.append(
        Fault(method="GET", status=429, headers={"Retry-After": "3000"}, body={"message": "slow down"})
    )
    with pytest.raises(BoltError) as caught:
        put(most_s=300.0)
    assert str(caught.value) == (
        "the host limits how often it is asked\n"
        "  answer      429 slow down\n"
        "  asks for    3000 s\n"
        "  would wait  300 s in all\n"
        "  -> run the job again later, or allow more with --max-wait=TIME"
    )
    assert clock.slept == []


def test_many_short_limits_add_up(put, hosted, clock):
    hosted.faults += [
        Fault(method="GET", status=429, headers={"Retry-After": "40"}, body={"message": "slow"})
        for _ in range(9)
    ]
    with pytest.raises(BoltError, match="limits how often"):
        put(most_s=100.0)
    assert clock.slept == [40.0, 40.0]


def test_a_text_that_is_too_long_is_made_shorter(put, hosted):
    hosted.limit = 50
    assert put(f"{MARKER}\n{'x' * 90}", f"{MARKER}\n{'x' * 30}", f"{MARKER}\nshort") is Done.POSTED
    assert hosted.bodies() == [f"{MARKER}\nshort"]
    assert put(f"{MARKER}\n{'x' * 90}", f"{MARKER}\nshort") is Done.UNCHANGED


def test_a_text_that_stays_too_long_is_refused(put, hosted):
    hosted.limit = 10
    with pytest.raises(TooLong):
        put()
    assert hosted.writes() == ["POST"] * 4


def test_no_permission(put, hosted):
    hosted.faults.append(
        Fault(method="POST", status=403, body={"message": "Resource not accessible by integration"})
    )
    with pytest.raises(Denied):
        put()
    assert hosted.bodies() == []


def test_a_change_that_is_not_there(put):
    with pytest.raises(Absent):
        put(change=99)


def test_a_list_that_lags_behind_makes_no_second_comment(put, hosted):
    hosted.hides_new = True
    assert put() is Done.POSTED
    assert hosted.writes() == ["POST"]


def test_a_comment_under_another_name_than_expected_is_said(put, hosted):
    with pytest.raises(BoltError) as caught:
        put(author="somebody-else")
    assert str(caught.value) == (
        "the comment was posted, but under another name\n"
        "  looked for  somebody-else\n"
        "  wrote as    github-actions[bot]\n"
        "  -> give --author=github-actions[bot], or each run will add a comment"
    )
    assert hosted.writes() == ["POST"]


class Stubborn(dict):
    """A note that keeps its text whatever is written."""

    def __setitem__(self, key, value):
        pass


def test_a_host_that_stores_something_else_is_not_written_to_for_ever(put, hosted):
    hosted.add(OLD)
    hosted.notes[:] = [Stubborn(note) for note in hosted.notes]
    assert put() is Done.UPDATED
    assert len(hosted.writes()) == 1
