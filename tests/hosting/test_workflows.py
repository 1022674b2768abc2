"""The action and the ready workflows: who holds a token, what reaches a shell, and that the shell parts run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fake_hosts import HEAD, REPOSITORY, TOKEN
from received_reports import report

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "workflows"
PINNED = re.compile(r"[\w.-]+/[\w.-]+@(v\d+|[0-9a-f]{40})")
# What a stranger chooses: names of branches, titles, texts, the content of a fork.
UNTRUSTED = re.compile(
    r"head_ref|head\.ref|head_branch|title|body|\.message|author|label|inputs\.|head_commit"
)


def load(name):
    return yaml.safe_load((ROOT / name).read_text())


MEASURE = load("docs/workflows/bolt-measure.yml")
COMMENT = load("docs/workflows/bolt-comment.yml")
ACTION = load("action.yml")
GITLAB = load("docs/workflows/bolt.gitlab-ci.yml")
ON = True  # what YAML 1.1 makes of the key `on`


def steps_of(document):
    if "runs" in document:
        return document["runs"]["steps"]
    return [step for job in document["jobs"].values() for step in job["steps"]]


def step(document, name):
    (found,) = [each for each in steps_of(document) if each.get("name") == name]
    return found


def scripts_of(document):
    if "jobs" in document or "runs" in document:
        return [each["run"] for each in steps_of(document) if "run" in each]
    return ["\n".join(job["script"]) for job in document.values()]


ALL = {"measure": MEASURE, "comment": COMMENT, "action": ACTION, "gitlab": GITLAB}
GITHUB = {"measure": MEASURE, "comment": COMMENT, "action": ACTION}


def problems(document):
    """Return what would let a stranger's text or code reach a shell, or an action change under us."""
    found = [f"expression in a shell: {script}" for script in scripts_of(document) if "${{" in script]
    for each in steps_of(document):
        if "uses" in each and not PINNED.fullmatch(each["uses"]):
            found.append(f"not pinned: {each['uses']}")
        keeps = each.get("with", {}).get("persist-credentials") is not False
        if each.get("uses", "").startswith("actions/checkout") and keeps:
            found.append("leaves its token behind")
    return found


@pytest.mark.parametrize("name", GITHUB)
def test_no_expression_reaches_a_shell_and_every_action_is_pinned(name):
    assert problems(GITHUB[name]) == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"run": "echo ${{ github.head_ref }}"}, "expression in a shell"),
        ({"uses": "actions/checkout@main", "with": {"persist-credentials": False}}, "not pinned"),
        ({"uses": "actions/checkout@v5"}, "leaves its token behind"),
    ],
)
def test_the_check_finds_what_it_looks_for(made, said):
    (found,) = problems({"jobs": {"x": {"steps": [made]}}})
    assert found.startswith(said)


@pytest.mark.parametrize("name", ["measure", "comment"])
def test_nothing_that_a_stranger_chooses_is_in_an_expression(name):
    text = (FOLDER / f"bolt-{name}.yml").read_text()
    expressions = re.findall(r"\$\{\{(.*?)\}\}", text)
    assert expressions
    assert [each for each in expressions if UNTRUSTED.search(each)] == []


def test_the_measuring_job_may_write_nothing():
    assert list(MEASURE[ON]) == ["pull_request"]
    assert MEASURE["permissions"] == {"contents": "read"}
    assert [job for job in MEASURE["jobs"].values() if "permissions" in job] == []
    text = (FOLDER / "bolt-measure.yml").read_text()
    assert "secrets" not in text
    assert "token" not in re.sub(r"#.*", "", text)


def test_the_measuring_job_looks_at_the_head_itself_with_its_history():
    checkout = next(each for each in steps_of(MEASURE) if each.get("uses", "").startswith("actions/checkout"))
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.head.sha }}"
    assert checkout["with"]["fetch-depth"] == 0


def test_the_commenting_job_runs_nothing_of_the_pull_request():
    assert list(COMMENT[ON]) == ["workflow_run"]
    assert COMMENT[ON]["workflow_run"]["workflows"] == [MEASURE["name"]]
    assert COMMENT["permissions"] == {}
    (job,) = COMMENT["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert [each["uses"].partition("@")[0] for each in job["steps"] if "uses" in each] == [
        "actions/setup-python",
        "actions/download-artifact",
    ]
    shells = " ".join(scripts_of(COMMENT))
    assert not re.search(r"pytest (?!-bolt)|git |pip install (?:-e|\.)|python -m|source |eval ", shells)


def test_the_token_is_given_to_the_steps_that_need_it_alone():
    for document in (COMMENT, ACTION):
        holders = [
            each for each in steps_of(document) if "token" in json.dumps(each).replace("TOKEN", "token")
        ]
        assert [each.get("name", each.get("id")) for each in holders] == ["report", "Write the comment"]


def test_the_artifact_lies_outside_of_the_folder_that_commands_run_in():
    for document in (COMMENT, ACTION):
        download = next(each for each in steps_of(document) if each.get("id") == "report")
        assert download["with"]["path"] == "${{ runner.temp }}/bolt"


def test_names_agree_between_the_two_workflows():
    upload = next(each for each in steps_of(MEASURE) if each.get("uses", "").startswith("actions/upload"))
    download = next(each for each in steps_of(COMMENT) if each.get("id") == "report")
    assert upload["with"]["name"] == download["with"]["name"]
    assert Path(upload["with"]["path"]).name == "bolt-report.json"


@pytest.mark.parametrize("name", ALL)
def test_the_shell_parts_are_bash(name):
    for script in scripts_of(ALL[name]):
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def job(tmp_path):
    """Run a script as a runner does, with programs that note how they were called in place of the real ones."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "temp").mkdir()

    def fake(*names):
        for name in names:
            path = tmp_path / "bin" / name
            path.write_text(
                f'#!/bin/bash\nprintf "%s\\0" {name} "$@" >>"$CALLS"\nprintf "\\n\\0" >>"$CALLS"\n'
            )
            path.chmod(0o755)

    def run(script, **variables):
        calls = tmp_path / "calls"
        calls.write_bytes(b"")
        programs = f"{tmp_path / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin"
        given = {"PATH": programs, "CALLS": str(calls), "RUNNER_TEMP": str(tmp_path / "temp"), **variables}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=given, capture_output=True, text=True, check=False, timeout=60
        )
        words = calls.read_bytes().decode().split("\0")
        made = [call.split("\0") for call in "\0".join(words).split("\0\n\0") if call]
        return done, made

    run.fake, run.folder = fake, tmp_path
    return run


HOSTILE_BRANCHES = ["main", "$(reboot)", "`reboot`", "a;b&&c|d", "x'y\"z", "--upload-pack=x"]


@pytest.mark.parametrize("branch", HOSTILE_BRANCHES)
def test_the_measuring_step_hands_a_branch_over_as_one_word(job, branch):
    job.fake("python")
    done, calls = job(step(MEASURE, "Compare with the base")["run"], GITHUB_BASE_REF=branch)
    assert done.returncode == 0, done.stderr
    json_option = f"--bolt-json={job.folder}/temp/bolt-report.json"
    assert calls == [["python", "-m", "pytest", f"--bolt-compare=origin/{branch}", json_option]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", []),
        ("tests\n-k\na or b\n", ["tests", "-k", "a or b"]),
        ("$(reboot)\n`reboot`; x | y\n\n*", ["$(reboot)", "`reboot`; x | y", "*"]),
    ],
)
def test_the_action_hands_each_line_over_as_one_word(job, arguments, words):
    job.fake("python")
    script = step(ACTION, "Compare with the base")["run"]
    done, calls = job(script, BOLT_ARGUMENTS=arguments, BOLT_BASE="", GITHUB_BASE_REF="main")
    assert done.returncode == 0, done.stderr
    json_option = f"--bolt-json={job.folder}/temp/bolt-report.json"
    assert calls == [["python", "-m", "pytest", "--bolt-compare=origin/main", json_option, *words]]


def test_the_action_takes_another_base(job):
    job.fake("python")
    script = step(ACTION, "Compare with the base")["run"]
    _, calls = job(script, BOLT_ARGUMENTS="", BOLT_BASE="v1.0", GITHUB_BASE_REF="main")
    assert calls[0][3] == "--bolt-compare=v1.0"


@pytest.mark.parametrize(
    ("command", "code", "installed"),
    [("measure", 0, "/a"), ("comment", 0, "/a[github]"), ("x; reboot", 2, "")],
)
def test_the_action_installs_itself_or_says_what_is_wrong(job, command, code, installed):
    job.fake("python")
    script = step(ACTION, "Install pytest-bolt")["run"]
    done, calls = job(script, BOLT_COMMAND=command, GITHUB_ACTION_PATH="/a")
    assert done.returncode == code
    assert [call[-1] for call in calls] == ([installed] if installed else [])
    assert ("::error::pytest-bolt: the input 'command' is measure or comment" in done.stdout) is (code == 2)


@pytest.mark.parametrize("server", ["github"], indirect=True)
@pytest.mark.parametrize("document", [COMMENT, ACTION], ids=["workflow", "action"])
def test_the_commenting_step_really_comments(job, server, document):
    folder = job.folder / "temp" / "bolt"
    folder.mkdir()
    (folder / "bolt-report.json").write_text(report())
    server.hosted.is_app = True
    done, _ = job(
        step(document, "Write the comment")["run"],
        GITHUB_ACTIONS="true",
        GITHUB_API_URL=f"{server.address}/api/v3",
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_TOKEN=TOKEN,
        HEAD_SHA=HEAD,
        BOLT_KEY="default",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "pytest-bolt: posted: owner/name#7\n"
    assert len(server.hosted.bodies()) == 1


@pytest.mark.parametrize("server", ["gitlab"], indirect=True)
def test_the_commenting_job_of_gitlab_really_comments(job, server):
    (job.folder / "bolt-report.json").write_text(report())
    *_, script = GITLAB["bolt-comment"]["script"]
    done, _ = job(
        script,
        GITLAB_CI="true",
        CI_SERVER_URL=server.address,
        CI_PROJECT_PATH=REPOSITORY,
        CI_MERGE_REQUEST_IID="7",
        CI_COMMIT_SHA=HEAD,
        GITLAB_TOKEN=TOKEN,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "pytest-bolt: posted: owner/name!7\n"


@pytest.mark.parametrize(("source", "checked_out"), [("", "c" * 40), ("d" * 40, "d" * 40)])
def test_the_measuring_job_of_gitlab(job, source, checked_out):
    job.fake("python", "git")
    done, calls = job(
        scripts_of({"x": GITLAB["bolt-measure"]})[0],
        CI_COMMIT_SHA="c" * 40,
        CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=source,
        CI_MERGE_REQUEST_DIFF_BASE_SHA="e" * 40,
    )
    assert done.returncode == 0, done.stderr
    assert calls[0] == ["git", "checkout", "--detach", checked_out]
    assert calls[2] == [
        "python",
        "-m",
        "pytest",
        f"--bolt-compare={'e' * 40}",
        "--bolt-json=bolt-report.json",
    ]


def test_the_jobs_of_gitlab_keep_code_and_token_apart():
    measure, comment = GITLAB["bolt-measure"], GITLAB["bolt-comment"]
    assert "environment" not in measure
    assert comment["environment"]["name"] == "bolt-comment"
    assert comment["variables"]["GIT_STRATEGY"] == "none"
    assert comment["needs"] == [{"job": "bolt-measure", "artifacts": True}]
    assert all("python -m" not in line for line in comment["script"])
    assert "GITLAB_TOKEN" not in json.dumps(GITLAB)


def test_every_file_that_the_page_names_is_there():
    page = (ROOT / "docs" / "how-to" / "comment-on-a-pull-request.md").read_text()
    named = set(re.findall(r"workflows/([\w.-]+\.yml)", page)) - {"ci.yml"}
    assert named == {path.name for path in FOLDER.iterdir()}
