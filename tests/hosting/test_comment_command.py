"""`pytest-bolt comment` from its command line to what the host holds afterwards."""

from __future__ import annotations

import json
import re
import sys

import pytest
from fake_hosts import BOT, HEAD, OTHER, REPOSITORY, TOKEN, Fault
from received_reports import BASE, report

from pytest_bolt import cli
from pytest_bolt.commands import comment as command

READ_ONLY = {"message": "Resource not accessible by integration"}


@pytest.fixture
def world(monkeypatch, clock, tmp_path):
    """No variable of this machine's own job, a clock that does not wait, an empty folder."""
    for name in ("GITHUB_ACTIONS", "GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GITLAB_CI", "GITLAB_TOKEN", "CI_SERVER_URL", "CI_PROJECT_PATH", "CI_MERGE_REQUEST_IID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "SystemClock", lambda: clock)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def comment(server, world, monkeypatch, capsys):
    """Run the command against the fake host; return exit code, output and errors."""
    kind = server.hosted.kind

    def run(*arguments, text=None, token=TOKEN, url=None):
        if token:
            monkeypatch.setenv(f"{kind.upper()}_TOKEN", token)
        (world / "report.json").write_text(report() if text is None else text)
        fixed = [f"--host={kind}", f"--repo={REPOSITORY}", f"--url={url or server.address}"]
        code = cli.main(["comment", "--json", "report.json", *fixed, *arguments])
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return code, out, err

    return run


def sign(hosted):
    return "#" if hosted.kind == "github" else "!"


def test_posted_updated_unchanged(comment, hosted):
    named = f"{REPOSITORY}{sign(hosted)}7"
    assert comment("--pr=7") == (0, f"pytest-bolt: posted: {named}\n", "")
    (body,) = hosted.bodies()
    first, blank, headline, *_ = body.split("\n")
    assert (first, blank) == ("<!-- pytest-bolt:comment default -->", "")
    assert headline == "**Failed: 1 slower of 1** (1 of 1 judged)"
    assert comment("--pr=7") == (0, f"pytest-bolt: unchanged: {named}\n", "")
    assert comment("--pr=7", text=report(ratio=1.5)) == (0, f"pytest-bolt: updated: {named}\n", "")
    (body,) = hosted.bodies()
    assert "+50.0 % [+45.0, +55.0]" in body


def test_the_comment_says_how_to_repeat_the_run_with_both_hashes(comment, hosted):
    comment("--pr=7")
    place = "pull/7/head" if hosted.kind == "github" else "merge-requests/7/head"
    lines = f"git fetch origin {place}\ngit checkout {HEAD}\npytest --bolt-compare={BASE} tests\n"
    assert f"```sh\n{lines}```" in hosted.bodies()[0]


def test_a_fork_s_pull_request_is_found_by_its_head(comment, hosted):
    hosted.changes = {n: {"head": OTHER, "open": True} for n in range(20, 150)}
    hosted.changes[7] = {"head": HEAD, "open": True}
    code, out, _ = comment(f"--head={HEAD}")
    assert (code, out) == (0, f"pytest-bolt: posted: {REPOSITORY}{sign(hosted)}7\n")


def test_a_head_that_is_proposed_twice_has_two_comments(comment, hosted):
    hosted.changes[8] = {"head": HEAD, "open": True}
    comment(f"--head={HEAD}")
    assert sorted(note["change"] for note in hosted.notes) == [7, 8]


@pytest.mark.parametrize("arguments", [[f"--head={HEAD}"], ["--pr=7", f"--head={HEAD}"]])
def test_a_pull_request_that_has_moved_on_gets_no_old_numbers(comment, hosted, arguments):
    hosted.changes[7]["head"] = OTHER
    code, out, err = comment(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("pytest-bolt: nothing was posted: ")
    assert HEAD in out
    assert hosted.bodies() == []


def test_a_report_cannot_choose_its_pull_request(comment, hosted):
    """A fork's job writes a report of somebody else's commit; the host knows what the job ran for."""
    hosted.changes[8] = {"head": OTHER, "open": True}
    code, _, err = comment(f"--head={HEAD}", text=report(head=OTHER))
    assert code == 2
    assert err == (
        "pytest-bolt: the report is of another commit than the job that made it\n"
        f"  report  {OTHER}\n"
        f"  job     {HEAD}\n"
        "  -> measure the head of the pull request itself, not a merge with its base\n"
    )
    assert hosted.asked == []


def test_without_a_head_the_report_has_to_be_of_the_head_that_the_host_knows(comment, hosted):
    code, _, err = comment("--pr=7", text=report(head=OTHER))
    assert code == 2
    assert "the report is not of the head of this pull request" in err
    assert hosted.writes() == []


@pytest.mark.parametrize("number", ["0", "-1", "7.5", "x", "7" * 13, "\N{ARABIC-INDIC DIGIT SEVEN}"])
def test_what_is_no_number(comment, capsys, number):
    with pytest.raises(SystemExit) as caught:
        comment(f"--pr={number}")
    assert caught.value.code == 2
    assert "argument --pr: not the number of a pull request" in capsys.readouterr().err


def test_a_time_that_is_none(comment, capsys):
    with pytest.raises(SystemExit):
        comment("--pr=7", "--max-wait=soon")
    assert "'soon' is not a duration: write it like 90s, 10m or 1.5h" in capsys.readouterr().err


def test_keys(comment, hosted):
    comment("--pr=7", "--key=linux-gpu")
    comment("--pr=7", "--key=mac")
    first, second = hosted.bodies()
    assert first.startswith("<!-- pytest-bolt:comment linux-gpu -->\n\n**Failed (linux-gpu): ")
    assert second.startswith("<!-- pytest-bolt:comment mac -->\n\n**Failed (mac): ")


@pytest.mark.parametrize("key", ["", "a--b", "-->", "a b", "a\nb", "a-", "é", "x" * 61, "<script>"])
def test_a_key_that_would_not_stay_hidden(comment, hosted, key):
    code, _, err = comment("--pr=7", f"--key={key}")
    assert code == 2
    assert "cannot be the key of a comment" in err
    assert hosted.asked == []


def test_a_token_that_may_not_write(comment, hosted, server):
    hosted.faults.append(Fault(method="POST", status=403, body=READ_ONLY))
    code, out, err = comment("--pr=7")
    address = f"{server.address}/api/v3" if hosted.kind == "github" else server.address
    assert (code, out) == (2, "")
    assert err == (
        "pytest-bolt: the token may not do this\n"
        f"  host        {address}\n"
        "  repository  owner/name\n"
        "  answer      403 Resource not accessible by integration\n"
        "  -> give the job `permissions: pull-requests: write` (GitHub) or a token with the scope api and the role "
        "Reporter (GitLab); a job that runs for a fork gets no token that writes: comment from a workflow_run job\n"
    )


def test_a_pull_request_that_is_not_there(comment):
    code, _, err = comment("--pr=99")
    assert code == 2
    assert "the host knows no such repository or pull request" in err
    assert (
        "-> check --repo and --pr; to a token that may not see them the host says that they do not exist"
        in err
    )


def test_a_text_that_the_host_finds_too_long_is_shed_further(comment, hosted):
    hosted.limit = 50_000
    names = [f"tests/test_speed.py::test_work[{n}-{'x' * 400}]" for n in range(130)]
    assert comment("--pr=7", text=report(*names))[0] == 0
    (body,) = hosted.bodies()
    assert 20_000 > len(body) > 10_000
    assert "Left out, because the report would be too long: 105 more slower." in body


def test_a_host_that_takes_nothing(comment, hosted):
    hosted.limit = 5
    code, _, err = comment("--pr=7")
    assert code == 2
    assert "the host takes no comment of this length, however short" in err


def test_any_other_refusal(comment, hosted):
    hosted.faults.append(Fault(method="POST", status=409, body={"message": "conflict"}))
    code, _, err = comment("--pr=7")
    assert code == 2
    assert "the host refuses" in err
    assert "409 conflict" in err


def test_waits_are_said(comment, hosted, clock):
    hosted.faults.append(
        Fault(method="POST", status=429, headers={"Retry-After": "7"}, body={"message": "slow"})
    )
    code, out, _ = comment("--pr=7")
    assert code == 0
    assert out.splitlines()[0].endswith("the host limits how often it is asked (429 slow): waiting 7 s")
    assert clock.slept == [7.0]


def test_the_author_can_be_named(comment, hosted):
    hosted.add("<!-- pytest-bolt:comment default -->\nold", author="our-app[bot]")
    comment("--pr=7", "--author=our-app[bot]")
    assert len(hosted.notes) == 1
    assert not [path for _, path in hosted.asked if path.endswith("/user")]


def test_no_token(comment, hosted):
    code, _, err = comment("--pr=7", token="")
    assert code == 2
    names = "GITHUB_TOKEN, GH_TOKEN" if hosted.kind == "github" else "GITLAB_TOKEN"
    assert err == (
        "pytest-bolt: there is no token\n"
        f"  looked in  {names}\n"
        "  -> hand it to this step alone, as a variable of its environment\n"
    )


@pytest.mark.parametrize("token", ["two words", "new\nline", "caf\u00e9"])
def test_a_token_that_could_break_a_header(comment, token):
    code, _, err = comment("--pr=7", token=token)
    assert code == 2
    assert "the token has a character that no token has" in err
    assert token not in err


def test_a_token_goes_nowhere_unencrypted(comment):
    code, _, err = comment("--pr=7", url="http://git.example.com")
    assert code == 2
    assert "a token is not sent without encryption" in err


@pytest.mark.parametrize(
    "url",
    ["git.example.com", "ftp://x.example", "https://", "https://u:p@x.example", "https://x.example?a=b"],
)
def test_what_is_no_address(comment, url):
    code, _, err = comment("--pr=7", url=url)
    assert code == 2
    assert "--url is not the address of a server" in err


@pytest.mark.parametrize("name", ["name", "a/b/../c", "a/..", "a b/c", "a/b?x", "https://x.example/a/b"])
def test_what_is_no_repository(comment, name):
    code, _, err = comment("--pr=7", f"--repo={name}")
    assert code == 2
    assert "which repository is meant is not clear" in err


def test_neither_number_nor_head(comment):
    code, _, err = comment()
    assert code == 2
    assert "neither --pr nor --head says what to comment on" in err


@pytest.mark.parametrize("head", ["HEAD", "abc", "A" * 40, f"{HEAD}\n"])
def test_what_is_no_head(comment, head):
    code, _, err = comment(f"--head={head}")
    assert code == 2
    assert "--head takes a full commit hash" in err


def test_a_library_that_is_not_installed(comment, hosted, monkeypatch):
    library = {"github": "github", "gitlab": "gitlab"}[hosted.kind]
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"pytest_bolt.hosting.{hosted.kind}")
    code, _, err = comment("--pr=7")
    assert code == 2
    assert f"the library for {hosted.kind} is not installed" in err
    assert f"-> pip install 'pytest-bolt[{hosted.kind}]'" in err


@pytest.mark.parametrize("server", ["github"], indirect=True)
def test_a_job_of_github_knows_its_repository(server, world, monkeypatch, capsys):
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": f"{server.address}/api/v3",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    server.hosted.is_app = True
    (world / "report.json").write_text(report())
    assert cli.main(["comment", "--json=report.json", f"--head={HEAD}"]) == 0
    assert capsys.readouterr().out == "pytest-bolt: posted: owner/name#7\n"
    assert cli.main(["comment", "--json=report.json", f"--head={HEAD}"]) == 0
    assert capsys.readouterr().out == "pytest-bolt: unchanged: owner/name#7\n"


@pytest.mark.parametrize("server", ["gitlab"], indirect=True)
@pytest.mark.parametrize("variable", ["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"])
def test_a_job_of_gitlab_knows_its_merge_request(server, world, monkeypatch, capsys, variable):
    for name, value in {
        "GITLAB_CI": "true",
        "CI_SERVER_URL": server.address,
        "CI_PROJECT_PATH": REPOSITORY,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": OTHER,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
        "GITLAB_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(variable, HEAD)
    (world / "report.json").write_text(report())
    assert cli.main(["comment", "--json=report.json"]) == 0
    assert capsys.readouterr().out == "pytest-bolt: posted: owner/name!7\n"


def test_a_dry_run_needs_no_token_and_asks_nothing(comment, hosted):
    code, out, err = comment("--dry-run", "--key=gpu", token="")
    assert (code, err, hosted.asked) == (0, "", [])
    assert out.startswith("<!-- pytest-bolt:comment gpu -->\n\n**Failed (gpu): 1 slower of 1**")


def test_a_dry_run_in_a_job_gives_the_runner_no_orders(comment, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _, out, _ = comment("--dry-run", text=report(command=("pytest", "x", "::add-mask::x\n::error::y")))
    first, *_, last = out.splitlines()
    word = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", first)[1]
    assert last == f"::{word}::"


def test_annotations_at_the_line_of_the_test(comment):
    code, out, _ = comment("--dry-run", "--annotate")
    assert code == 0
    assert out.startswith(
        "::error file=tests/test_speed.py,line=12,title=SLOWER%2C failed +20.0 %25 [+15.0%2C +25.0]::"
        "tests/test_speed.py::test_work%0ASLOWER: +20.0 %25 [+15.0, +25.0] (ratio 1.200), margin 5 %25%0A"
    )


@pytest.mark.parametrize("text", ["", "{}", "[" * 10_000, json.dumps({"schema": "bolt-report/1", "run": 1})])
def test_a_report_that_is_none_never_reaches_the_host(comment, hosted, text):
    code, out, err = comment("--pr=7", text=text)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert hosted.asked == []


def test_a_comment_of_somebody_else_with_our_marker_stays(comment, hosted):
    forged = "<!-- pytest-bolt:comment default -->\n**Passed: 99 faster**"
    note = hosted.add(forged, author="attacker")
    comment("--pr=7")
    assert note["body"] == forged
    assert [each["author"] for each in hosted.notes] == ["attacker", BOT]
