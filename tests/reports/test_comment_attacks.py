"""Texts that want to break out of a comment: it is parsed back, and holds them as the text that they are."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from report_samples import compared, interval, summary

from pytest_bolt.core.comparison import Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.place import LINE_NOTE, ROOT_SETTING
from pytest_bolt.core.plain_text import clipped, one_line, sentence
from pytest_bolt.core.record import Revision
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.annotations import MOST, annotation_lines
from pytest_bolt.reports.comment import comment, marker
from pytest_bolt.reports.markdown import COMMENT_BUDGET

OWN_HTML = {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
HEADINGS = ["Incorrect", "Slower", "Worse by a metric"]
# What the hosts make links, notifications and pictures of, in the text that a reader sees.
REFERENCES = re.compile(
    r"@\w | \#\d | \bGH-\d | :// | \bwww\. | [!&]\d | ~\w | \$\d | %\w | :(?:[\w+-]*[a-z][\w+-]*|\+1|100):",
    re.VERBOSE | re.IGNORECASE,
)
ATTACKS = {
    "pipe": "a|b||c",
    "newlines": "one\r\n\r\n## two\n- three\n\n---\n| a | b |\n",
    "line ends of other kinds": "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g",
    "tabs": "\tcode\t\t\tmore",
    "html": "<img src=x onerror=alert(1)><a href='https://evil.example'>x</a>",
    "script": "<script>alert(1)</script><style>*{display:none}</style>",
    "own html": "</code></summary></details></td></table><details open>",
    "comments": "<!-- hidden --> <!-- unclosed",
    "cdata": "<![CDATA[x]]> <?php x ?> <!DOCTYPE x>",
    "entities": "&lt;script&gt; &#64;user &#x40;user &commat;user &nbsp;",
    "own marker": "<!-- pytest-bolt:comment default -->",
    "own marker alone on a line": "x\n<!-- pytest-bolt:comment default -->\n**Passed: 99 faster**",
    "mention": "@user @org/team a@b.example \uff20user",
    "issue": "#1 GH-1 gh-22 owner/repo#1 owner/repo@0123456789abcdef",
    "issue by address": "https://github.com/owner/repo/issues/1 github.com/owner/repo/pull/2",
    "items of gitlab": '!1 ~bug ~"a label" %1 %"v 1" %v1 $1 &1 group/project!1 ^alert#1 *iteration:1',
    "quick actions": "/merge\n/close\n  /approve",
    "emoji": ":tada: :+1: :100: a:shipit:b",
    "links": "[click](https://evil.example) ![x](https://evil.example/x.png) [a]: https://evil.example <https://x.example>",
    "bare addresses": "http://evil.example www.evil.example mailto:a@b.example ftp://x.example javascript:alert(1)",
    "emphasis": "**bold** __bold__ *it* _it_ ~~gone~~ ==x== ++y++",
    "code": "` `` ``` ```` ~~~",
    "fence": "```\n</details>\n```sh\nrm -rf /\n```",
    "mathematics": "$x^2$ $$y$$ \\(z\\) \\[w\\]",
    "footnote": "[^1] [^1]: note",
    "alert": "> [!WARNING]\n> trust me",
    "task": "[ ] todo [x] done",
    "heading": "# one\n=====\ntwo\n-----",
    "rule": "--- *** ___",
    "list": "1. one\n2) two\n* three\n+ four",
    "jinja": "{{ 7 * 7 }}{% include '/etc/passwd' %}{# x #}{{ cycler.__init__.__globals__ }}",
    "other templates": "${7*7} <%= 7*7 %> #{7*7} ${{ secrets.GITHUB_TOKEN }}",
    "ansi": "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\x9b2J",
    "right to left": "\u202egnp.exe\u202c \u2066a\u2069 \u200fb\u061c",
    "invisible": "a\u200bb\ufeffc\u2060d\u00ade\u180ef",
    "long": "x" * 10_000,
    "long in other letters": "\N{MUSICAL SYMBOL G CLEF}\u6f22e\u0301" * 3_000,
    "surrogates": "a\ud800b\udfffc\udcff",
    "nul": "a\x00b\x08c\x7fd",
    "backslashes": "\\|\\\\|\\`\\<\\@",
    "commands to a runner": "::error::x\n::set-output name=a::b\n##[add-path]/tmp%0A%0D",
    "shell": '\'; rm -rf ~; echo $(id) `id` "$HOME" \\',
    "white space": "   ",
    "nothing": "",
}


def attacked(text):
    """Return a run in which every text that comes from elsewhere is this one."""
    worse = Metric(name=text, unit=text, better="lower", base=1.0, head=2.0, gated=True, failed=True)
    slower = {"ratio": interval(1.2, 1.15, 1.25), "failed": True, "warnings": (text,), "metrics": (worse,)}
    comparisons = (
        compared(f"t::{text}", Verdict.SLOWER, reason=text, method=text, **slower),
        compared(
            f"i::{text}", Verdict.INCORRECT, reason=text, detail=text, notes={LINE_NOTE: text, text: text}
        ),
        compared(f"s::{text}", Verdict.SAME, interval(1.0, 0.99, 1.01), reason=text),
        compared(f"u::{text}", Verdict.INCONCLUSIVE, interval(1.0, 0.9, 1.1), warnings=(text,)),
    )
    revision = {"name": text, "branch": text, "subject": text, "diff_hash": text, "trailers": {text: text}}
    return summary(
        *comparisons,
        head=Revision(commit="f" * 40, **{**revision, "name": ""}),
        base=Revision(commit="e" * 40, **revision),
        command=("pytest", f"--bolt-adapter={text}", text),
        notes=(text,),
        settings={ROOT_SETTING: text, "adapter": text},
        environment=Environment(facts={text: text, "cpu": text}),
        hypothesis=text,
        expect=(text,),
    )


def parsed(text):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def text_of(inline):
    """Return what a reader sees of inline content, without the spaces of no width that we put in."""
    seen = [child.content for child in inline.children if child.type != "html_inline"]
    return "".join(seen).replace("\u200b", "")


def outside_code(tokens):
    """Return the text that a host looks through for references: code is left alone."""
    seen, depth = [], 0
    for token in tokens:
        for child in token.children or ():
            if child.type == "html_inline":
                depth += {"<code>": 1, "</code>": -1}.get(child.content, 0)
            elif child.type in {"text", "text_special"} and not depth:
                seen.append(child.content)
            elif child.type != "code_inline":
                seen.append("\n")
        seen.append("\n")
    return "".join(seen)


def rows_of(tokens):
    """Return the rows of all tables as lists of what a reader sees in each cell."""
    rows = []
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in {"td_open", "th_open"}:
            rows[-1].append(text_of(tokens[at + 1]))
    return rows


def check(text, found):
    """Hold one comment to everything that no text may change."""
    found.encode()  # no lone surrogate
    assert not [
        char for char in found if unicodedata.category(char) in {"Cc", "Cf"} and char not in "\n\u200c\u200d"
    ]
    assert COMMENT_BUDGET.holds(found)
    tokens = parsed(found)
    assert tokens[0].type == "html_block"
    assert tokens[0].content.strip() == marker("default")
    assert [
        line for line in found.splitlines() if "pytest-bolt:comment" in line and line == marker("default")
    ] == [marker("default")]
    html_found = [token.content for token in tokens[1:] if token.type == "html_block"]
    html_found += [c.content for token in tokens for c in token.children or () if c.type == "html_inline"]
    assert {tag for part in html_found for tag in re.findall(r"<[^>]*>", part)} <= OWN_HTML
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {
        "text",
        "text_special",
        "code_inline",
        "html_inline",
        "strong_open",
        "strong_close",
        "softbreak",
    }
    headings = [text_of(tokens[at + 1]) for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert [heading for heading in headings if heading not in HEADINGS] == []
    assert not REFERENCES.search(outside_code(tokens)), REFERENCES.search(outside_code(tokens))
    assert not [line for line in found.splitlines() if line.lstrip().startswith(("/", "::"))]
    rows = rows_of(tokens)
    assert {len(row) for row in rows} <= {2, 6, 7}
    return rows


def name(prefix, text):
    return clipped(one_line(f"{prefix}::{text}"), 500).strip()


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_each_attack_is_shown_as_the_text_that_it_is(text):
    found = comment(attacked(text), fetch="git fetch origin pull/7/head")
    rows = check(text, found)
    names = [row[0].strip() for row in rows]
    assert {name(prefix, text) for prefix in "tisu"} <= set(names)
    (slower,) = [row for row in rows if row[0].strip() == name("t", text) and row[5].startswith("SLOWER")]
    reasons = "; ".join(["SLOWER, failed", *filter(None, [text, text])])
    assert slower[5].strip() == clipped(sentence(reasons), 500).replace("\u200b", "").strip()


@settings(max_examples=80, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from([*"`*_[]()<>|\\~#@!&$:/.-+=% \n\t1ax{}'\"", "GH-", "://", "www."]), max_size=30
        ).map("".join),
        st.lists(st.sampled_from([text[:40] for text in ATTACKS.values()]), max_size=3).map("".join),
    )
)
def test_no_text_breaks_out(text):
    rows = check(text, comment(attacked(text)))
    assert name("t", text) in {row[0].strip() for row in rows}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_annotations_are_one_command_a_line(text):
    lines = annotation_lines(attacked(text))
    assert len(lines) == 2
    for line in lines:
        line.encode()
        assert one_line(line) == line
        kind, properties, message = re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line).groups()
        assert kind == "error"
        assert [part.partition("=")[0] for part in properties.split(",")] in (["title"], ["file", "title"])
        assert len(message) < 20_000


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_an_annotation_can_be_read_back(text):
    line = annotation_lines(attacked(text))[0]
    properties, message = re.fullmatch(r"::error ([^:]*)::(.*)", line).groups()
    read = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert read.splitlines()[0] == one_line(f"i::{text}")
    assert "%" not in re.sub(r"%(25|0A|0D|3A|2C)", "", properties + message)


def test_annotations_are_as_many_as_the_platform_shows_the_most_severe_first():
    slower = [compared(f"a::s{n}", Verdict.SLOWER, interval(1.2, 1.1, 1.3), failed=True) for n in range(15)]
    wrong = [compared(f"z::w{n}", Verdict.INCORRECT, failed=True) for n in range(3)]
    mild = [compared(f"m::m{n}", Verdict.SLOWER, interval(1.1, 1.06, 1.2)) for n in range(15)]
    lines = annotation_lines(summary(*slower, *mild, *wrong))
    assert [line.partition(" ")[0] for line in lines] == ["::error"] * MOST + ["::warning"] * MOST
    assert ["::w" in line for line in lines[:4]] == [True, True, True, False]


@pytest.mark.parametrize(
    ("root", "node_id", "line", "where"),
    [
        ("", "tests/test_x.py::t", "12", "file=tests/test_x.py,line=12,"),
        ("pkg/sub", "tests/test_x.py::t", "12", "file=pkg/sub/tests/test_x.py,line=12,"),
        ("pkg", "../tests/test_x.py::t", "3", "file=tests/test_x.py,line=3,"),
        ("", "../tests/test_x.py::t", "3", ""),
        ("..", "tests/test_x.py::t", "3", ""),
        ("", "/etc/passwd::t", "3", ""),
        ("", "a:b,c%.py::t", "1", "file=a%3Ab%2Cc%25.py,line=1,"),
        ("", "x.py::t", "", "file=x.py,"),
        ("", "x.py::t", "0", "file=x.py,"),
        ("", "x.py::t", "-1", "file=x.py,"),
        ("", "x.py::t", "99999999", "file=x.py,"),
        ("", "x.py::t", "1,col=2", "file=x.py,"),
        ("", "x.py::t", "\N{SUPERSCRIPT TWO}", "file=x.py,"),
    ],
)
def test_where_an_annotation_stands(root, node_id, line, where):
    made = compared(node_id, Verdict.SLOWER, interval(1.2, 1.1, 1.3), failed=True, notes={LINE_NOTE: line})
    (found,) = annotation_lines(summary(made, settings={ROOT_SETTING: root}))
    assert found.startswith(f"::error {where}title=SLOWER%2C failed +20.0 %25 [+10.0%2C +30.0]::")


def test_the_comment_is_the_same_for_the_same_run():
    made = attacked(ATTACKS["html"])
    assert comment(made) == comment(made)
    assert html.unescape(comment(made)).count("alert(1)") > 5
